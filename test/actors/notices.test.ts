/** Commit notices: what an append can carry does not travel twice, and what none carries leaves all the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holdNotices, type Outgoing } from '../../actors/notices.js';
import type { Clock } from '../../machines/language/time.js';
import { type AppendSent, index, memberId, term } from '../../machines/language/vocabulary.js';

const append = (to: bigint, commit: number, entries: number): Outgoing => {
  const message: AppendSent = {
    type: 'append.sent',
    from: memberId(1n),
    term: term(1),
    previous: { index: index(7), term: term(1) },
    entries: Array.from({ length: entries }, (_, i) => ({ index: index(8 + i), term: term(1), kind: 'empty' })),
    commit: index(commit),
  };
  return { to: memberId(to), message };
};

/** Notices on a clock whose timers fire when the test says so. */
function openNotices() {
  const timers: (() => void)[] = [];
  const sent: Outgoing[] = [];
  const clock = { setTimeout: (run: () => void) => timers.push(run), clearTimeout: () => undefined };
  const notices = holdNotices(clock as unknown as Clock, (letters) => void sent.push(...letters));
  return { notices, sent, fire: () => timers.splice(0).forEach((run) => run()) };
}

test('an append with entries takes the place of the notice that waits, for its own member only', () => {
  const { notices, sent, fire } = openNotices();
  assert.deepEqual(notices.sift([append(2n, 5, 0), append(3n, 5, 0)]), []);
  const carrying = append(2n, 6, 1);
  assert.deepEqual(notices.sift([carrying]), [carrying]);
  fire();
  assert.deepEqual(sent, [append(3n, 5, 0)]);
});

test('of several notices the last one leaves, once', () => {
  const { notices, sent, fire } = openNotices();
  for (const commit of [5, 6, 7]) assert.deepEqual(notices.sift([append(2n, commit, 0)]), []);
  fire();
  fire();
  assert.deepEqual(sent, [append(2n, 7, 0)]);
});

test('everything else leaves at once, in its order', () => {
  const { notices } = openNotices();
  const accepted: Outgoing = {
    to: memberId(2n),
    message: { type: 'append.accepted', from: memberId(1n), term: term(1), upTo: index(8) },
  };
  const letters = [accepted, append(2n, 5, 1), accepted];
  assert.deepEqual(notices.sift(letters), letters);
});
