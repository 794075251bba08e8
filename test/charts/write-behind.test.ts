/** The state's writes: what ends their waiting, and who is never left waiting. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActor } from 'xstate';
import { writer } from '../../machines/gather.machine.js';
import { limits } from '../../machines/language/limits.js';
import { writeBehindMachine } from '../../machines/write-behind.machine.js';

/** A chart whose writes end when the test says so. */
function begin() {
  const under_way: { done(outcome: string): void; fail(error: Error): void }[] = [];
  const written: unknown[] = [];
  const failures: unknown[] = [];
  const actor = createActor(
    writeBehindMachine<string>().provide({
      actors: { writer: writer(() => new Promise<string>((done, fail) => under_way.push({ done, fail }))) },
      actions: { written: (_, done) => void written.push([done.batches, done.outcome]) },
    }),
  );
  actor.subscribe({ error: (error) => failures.push(error) });
  actor.start();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    written,
    failures,
    state: () => actor.getSnapshot().value,
    decide: (undecided_bytes = 100) => actor.send({ type: 'decided', undecided_bytes }),
    hurry: () => actor.send({ type: 'hurried' }),
    tick: () => actor.send({ type: 'tick' }),
    writes: () => under_way.length,
    end: async (outcome = 'ok') => {
      under_way.shift()?.done(outcome);
      await turn();
    },
    fail: async (error: Error) => {
      under_way.shift()?.fail(error);
      await turn();
    },
  };
}

test('what is decided waits for the beat, and one write takes all of it', async () => {
  const room = begin();
  room.decide();
  room.decide();
  assert.equal(room.state(), 'resting');
  assert.equal(room.writes(), 0);
  room.tick();
  assert.equal(room.writes(), 1);
  await room.end('two');
  assert.deepEqual(room.written, [[2, 'two']]);
  assert.equal(room.state(), 'written');
  room.tick();
  assert.equal(room.writes(), 0, 'nothing is written where nothing waits');
});

test('a reader, or the bulk of it, ends the waiting at once', () => {
  const reader = begin();
  reader.decide();
  reader.hurry();
  assert.equal(reader.writes(), 1);
  const bulk = begin();
  bulk.decide();
  bulk.decide(limits.undecided_bytes_before_write);
  assert.equal(bulk.writes(), 1);
  const bulkAtOnce = begin();
  bulkAtOnce.decide(limits.undecided_bytes_before_write);
  assert.equal(bulkAtOnce.writes(), 1);
});

test('a reader that comes before the decision it waits for is not forgotten', () => {
  const room = begin();
  room.hurry();
  assert.equal(room.state(), 'awaited');
  room.decide();
  assert.equal(room.writes(), 1);
});

test('a reader that comes during a write is served by the next one, begun at once', async () => {
  const room = begin();
  room.decide();
  room.tick();
  room.hurry();
  room.decide();
  await room.end('first');
  assert.equal(room.writes(), 1, 'the second write');
  await room.end('second');
  assert.deepEqual(room.written, [
    [1, 'first'],
    [1, 'second'],
  ]);
  assert.equal(room.state(), 'written');
});

test('a reader that came during a write waits on where nothing was decided meanwhile', async () => {
  const room = begin();
  room.decide();
  room.tick();
  room.hurry();
  await room.end();
  assert.equal(room.state(), 'awaited');
});

test('what is decided during a write waits again, when nobody is in a hurry', async () => {
  const room = begin();
  room.decide();
  room.tick();
  room.decide();
  await room.end();
  assert.equal(room.state(), 'resting');
});

test('a write that fails ends the room with its reason', async () => {
  const room = begin();
  const failure = new Error('no space left');
  room.decide();
  room.tick();
  await room.fail(failure);
  assert.deepEqual(room.failures, [failure]);
});
