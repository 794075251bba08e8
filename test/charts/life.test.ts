/** A life of a node, told with steps that succeed or fail as the test says. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { createActor, createMachine, fromPromise } from 'xstate';
import { lifeMachine, type Ending } from '../../machines/life.machine.js';

/** A life whose steps succeed or fail as the test says, and that writes down what it does. */
function life(steps: { recover?: Error; join?: Error | Promise<string>; close?: Error } = {}) {
  const did: string[] = [];
  const roomsEnd: { fail: (error: Error) => void } = { fail: () => undefined };
  const rooms = createMachine({
    id: 'rooms',
    invoke: {
      src: fromPromise(() => new Promise((_, reject) => (roomsEnd.fail = reject))),
    },
  });
  const step = <T>(name: string, result: T | Error | Promise<T>) =>
    fromPromise(async () => {
      did.push(name);
      if (result instanceof Error) throw result;
      return result;
    });
  const machine = lifeMachine<{ disk: string }, { cluster: string }>(rooms).provide({
    actors: {
      recover: step('recover', steps.recover ?? { disk: 'log' }),
      join: fromPromise(async ({ input }) => {
        did.push(`join ${input.recovered?.disk ?? ''}`);
        if (steps.join instanceof Error) throw steps.join;
        return { cluster: (await steps.join) ?? 'c' };
      }),
      close: step<void>('close', steps.close ?? undefined),
    },
    actions: { leave: () => void did.push('leave') },
  });
  const actor = createActor(machine);
  const ended = new Promise<Ending>((resolve) =>
    actor.subscribe({ next: (s) => s.status === 'done' && s.output && resolve(s.output) }),
  );
  const running = () =>
    new Promise<void>((resolve) => {
      const look = actor.subscribe((s) => {
        if (!s.matches('running')) return;
        look.unsubscribe();
        resolve();
      });
    });
  return { actor, did, ended, running, roomsEnd };
}

test('a life in good order: recovers, joins, serves, drains, closes', async () => {
  const { actor, did, ended, running } = life();
  const started = running();
  actor.start();
  await started;
  assert.deepEqual(actor.getSnapshot().value, { running: 'serving' });
  actor.send({ type: 'stop' });
  assert.deepEqual(actor.getSnapshot().value, { running: 'draining' });
  actor.send({ type: 'drained' });
  assert.deepEqual(await ended, { ok: true, retired: false });
  assert.deepEqual(did, ['recover', 'join log', 'leave', 'close']);
});

test('a removed member closes without being asked', async () => {
  const { actor, ended, running } = life();
  const started = running();
  actor.start();
  await started;
  actor.send({ type: 'retired' });
  assert.deepEqual(await ended, { ok: true, retired: true });
});

test('it can be stopped while its cluster is not born yet', async () => {
  const { actor, did, ended } = life({ join: new Promise<string>(() => undefined) });
  actor.start();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(actor.getSnapshot().value, 'joining');
  actor.send({ type: 'stop' });
  assert.deepEqual(await ended, { ok: true, retired: false });
  assert.deepEqual(did, ['recover', 'join log', 'close']);
});

for (const where of ['recover', 'join'] as const) {
  test(`what fails in ${where} ends it with that reason, after closing what was opened`, async () => {
    const { actor, did, ended } = life({ [where]: new Error(`no ${where}`) });
    actor.start();
    const ending = await ended;
    assert.equal(ending.ok, false);
    assert.match(String(ending.ok || ending.error), new RegExp(`no ${where}`));
    assert.equal(did.at(-1), 'close');
  });
}

test('a room that fails ends the node with the room’s reason, also when closing fails after it', async () => {
  const { actor, ended, running, roomsEnd } = life({ close: new Error('close failed too') });
  const started = running();
  actor.start();
  await started;
  roomsEnd.fail(new Error('EIO'));
  const ending = await ended;
  assert.equal(ending.ok, false);
  assert.match(String(ending.ok || ending.error), /EIO/);
});
