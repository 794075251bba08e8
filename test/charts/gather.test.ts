/** Group commit: what gathers, what is written, and what ends the room. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createActor } from 'xstate';
import { gatherMachine, writer } from '../../machines/gather.machine.js';

/** A gather whose writes end when the test says so. */
function gather(items_max = 10) {
  const writes: { items: readonly string[]; done: (outcome: string) => void; fail: (error: Error) => void }[] = [];
  const written: { items: readonly string[]; outcome: string }[] = [];
  const actor = createActor(
    gatherMachine<string, string>().provide({
      actors: {
        writer: writer((items: readonly string[]) => {
          return new Promise<string>((done, fail) => writes.push({ items, done, fail }));
        }),
      },
      actions: { written: (_, params) => void written.push(params) },
    }),
    { input: { items_max } },
  );
  const errors: unknown[] = [];
  actor.subscribe({ error: (error) => errors.push(error) });
  actor.start();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { actor, writes, written, errors, turn, add: (...items: string[]) => actor.send({ type: 'add', items }) };
}

test('what comes while a write is under way goes with the next one, all of it at once and in order', async () => {
  const { writes, written, add, turn } = gather();
  add('a');
  add('b');
  add('c', 'd');
  assert.deepEqual(
    writes.map((write) => write.items),
    [['a']],
  );
  writes[0]?.done('first');
  await turn();
  assert.deepEqual(
    writes.map((write) => write.items),
    [['a'], ['b', 'c', 'd']],
  );
  assert.deepEqual(written, [{ items: ['a'], outcome: 'first' }]);
  writes[1]?.done('second');
  await turn();
  assert.deepEqual(written[1], { items: ['b', 'c', 'd'], outcome: 'second' });
  assert.equal(writes.length, 2, 'nothing waits, nothing is written');
});

test('a write that fails ends the room with its reason, and is not tried again', async () => {
  const { actor, writes, written, errors, add, turn } = gather();
  add('a');
  add('b');
  writes[0]?.fail(new Error('EIO'));
  await turn();
  assert.equal(actor.getSnapshot().status, 'error');
  assert.match(String(errors[0]), /EIO/);
  assert.equal(writes.length, 1);
  assert.deepEqual(written, []);
});

test('more than the bound is a broken promise of the senders, not a silent loss', () => {
  const { actor, errors, add } = gather(2);
  add('a');
  add('b', 'c');
  add('d');
  assert.equal(actor.getSnapshot().status, 'error');
  assert.match(String(errors[0]), /more than 2 items/);
});
