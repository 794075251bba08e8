/** The chart of a contender (a mutex, a campaign), event by event. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { initialTransition, transition } from 'xstate';
import { contenderMachine, type ContenderEvent, type Place } from '../../machines/client/contender.machine.js';

const place: Place = { key: '/lock/1', revision: 7 };
const error = new Error('no');

/** What the children come to, as events. */
const done = (actor: string, output?: unknown) => ({ type: `xstate.done.actor.${actor}`, output });
const failed = (actor: string) => ({ type: `xstate.error.actor.${actor}`, error });

const contend = { type: 'contend', patient: true } as const;
const tryIt = { type: 'contend', patient: false } as const;
const leave = { type: 'leave' } as const;
const giveUp = { type: 'giveUp', error } as const;
const sessionEnded = { type: 'sessionEnded' } as const;
const deposed = { type: 'deposed' } as const;
const queued = done('claim', { ...place, first: false });
const first = done('claim', { ...place, first: true });

type Told = ContenderEvent | ReturnType<typeof done> | ReturnType<typeof failed>;

/** The state after the events, what the caller is told by the last one, and the place that is kept. */
function after(...events: readonly Told[]) {
  let [snapshot, actions] = initialTransition(contenderMachine);
  for (const event of events) [snapshot, actions] = transition(contenderMachine, snapshot, event as ContenderEvent);
  const told = actions.map((action) => action.type).filter((type) => type.startsWith('tell'));
  return { state: snapshot.value, told, place: snapshot.context.place, settled: snapshot.hasTag('settled') };
}

const claiming = (inner: 'wanted' | 'unwanted') => ({ claiming: inner });

test('a lock that is free is held at once', () => {
  assert.deepEqual(after(contend), { state: claiming('wanted'), told: [], place: null, settled: false });
  assert.deepEqual(after(contend, first), { state: 'held', told: ['tellFirst'], place, settled: true });
});

test('one that is taken is waited for, and the own key is looked at again before it is held', () => {
  assert.equal(after(contend, queued).state, 'waiting');
  assert.deepEqual(after(contend, queued, done('awaitTurn')), {
    state: 'confirming',
    told: [],
    place,
    settled: false,
  });
  const confirmed = after(contend, queued, done('awaitTurn'), done('confirm', true));
  assert.deepEqual([confirmed.state, confirmed.told], ['held', ['tellFirst']]);
});

test('a waiter whose key went with its lease is told that its session expired, and holds nothing', () => {
  const gone = after(contend, queued, done('awaitTurn'), done('confirm', false));
  assert.deepEqual(gone, { state: 'out', told: ['tellExpired'], place: null, settled: true });
});

test('the end of the session ends the wait at once, wherever it stands', () => {
  assert.deepEqual(after(contend, sessionEnded).state, claiming('unwanted'));
  for (const before of [[contend], [contend, queued], [contend, queued, done('awaitTurn')]]) {
    assert.deepEqual(after(...before, sessionEnded).told, ['tellExpired']);
  }
  assert.equal(after(contend, queued, sessionEnded).state, 'withdrawing');
  assert.equal(after(contend, queued, done('awaitTurn'), sessionEnded).state, 'withdrawing');
});

test('once its session is over it contends for nothing', () => {
  assert.deepEqual(after(sessionEnded, contend), { state: 'out', told: ['tellExpired'], place: null, settled: true });
  assert.deepEqual(after(contend, first, sessionEnded, contend).told, ['tellExpired']);
});

test('to try means to leave at once when another was there before', () => {
  assert.deepEqual(after(tryIt, queued), { state: 'withdrawing', told: ['tellOccupied'], place, settled: false });
  assert.equal(after(tryIt, first).state, 'held');
  assert.equal(after(tryIt, queued, done('withdraw')).state, 'out');
});

test('giving up tells the caller at once, and no key stays behind', () => {
  for (const before of [[contend], [contend, queued], [contend, queued, done('awaitTurn')]]) {
    assert.deepEqual(after(...before, giveUp).told, ['tellRefused']);
  }
  assert.equal(after(contend, giveUp, first).state, 'withdrawing', 'a claim that succeeds too late is taken back');
  assert.deepEqual(after(contend, giveUp, first).told, []);
  assert.equal(after(contend, queued, giveUp).state, 'withdrawing');
  assert.deepEqual(after(contend, queued, giveUp, done('withdraw')), {
    state: 'out',
    told: [],
    place: null,
    settled: true,
  });
  assert.equal(after(contend, queued, giveUp, failed('withdraw')).state, 'out');
});

test('a new attempt does not begin while an old one is being taken back', () => {
  assert.equal(after(contend, queued, giveUp, contend).state, 'withdrawing');
  assert.deepEqual(after(contend, giveUp, contend).state, claiming('unwanted'));
});

test('what fails on the way is told, and leaves no key behind', () => {
  assert.deepEqual(after(contend, failed('claim')), {
    state: 'out',
    told: ['tellRefused'],
    place: null,
    settled: true,
  });
  assert.deepEqual(after(contend, giveUp, failed('claim')).told, [], 'it was told already');
  for (const [child, before] of [
    ['awaitTurn', [contend, queued]],
    ['confirm', [contend, queued, done('awaitTurn')]],
  ] as const) {
    const told = after(...before, failed(child));
    assert.deepEqual([told.state, told.told], ['withdrawing', ['tellRefused']]);
  }
});

test('leaving deletes the key; where that fails it is still held', () => {
  assert.equal(after(contend, first, leave).state, 'leaving');
  assert.deepEqual(after(contend, first, leave, done('remove')), {
    state: 'out',
    told: ['tellLeft'],
    place: null,
    settled: true,
  });
  const stays = after(contend, first, leave, failed('remove'));
  assert.deepEqual([stays.state, stays.told], ['held', ['tellStays']]);
  const over = after(contend, first, leave, sessionEnded, failed('remove'));
  assert.deepEqual([over.state, over.told], ['lost', ['tellStays']]);
});

test('who holds nothing has nothing to leave', () => {
  assert.deepEqual(after(leave).told, ['tellNothingHeld']);
  assert.deepEqual(after(contend, first, leave, done('remove'), leave).told, ['tellNothingHeld']);
});

test('what was held and is lost keeps its place, for the guard that will refuse; leaving it is no error', () => {
  for (const end of [sessionEnded, deposed]) {
    assert.deepEqual(after(contend, first, end), { state: 'lost', told: [], place, settled: true });
    const left = after(contend, first, end, leave);
    assert.deepEqual([left.state, left.told], ['withdrawing', ['tellLeft']]);
  }
  assert.deepEqual(after(contend, first, deposed, contend).state, claiming('wanted'));
});

test('the same session again is the same acquisition', () => {
  assert.deepEqual(after(contend, first, contend).state, claiming('wanted'));
  assert.equal(after(contend, first, contend, first).state, 'held');
});

test('an earlier life’s place is taken up as held', () => {
  assert.deepEqual(after({ type: 'resume', place }), { state: 'held', told: [], place, settled: true });
});
