/** Reader-writer locks, barriers and queues on the model of the store. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBarrier } from '../../client/recipes/barrier.js';
import { createDoubleBarrier } from '../../client/recipes/double-barrier.js';
import { createPriorityQueue, createQueue } from '../../client/recipes/queue.js';
import { createRwMutex } from '../../client/recipes/rw-mutex.js';
import { openSession } from '../../client/recipes/session.js';
import { toText } from '../../machines/language/bytes.js';
import { errorOfCall, follow } from './client-of.js';
import { turn } from './manual-clock.js';
import { modelCluster } from './model-client.js';

test('readers share; a writer waits for all before it, and readers that come later wait for the writer', async () => {
  const { client, keys } = modelCluster();
  const session = await openSession(client);
  const [r1, r2, w, r3] = Array.from({ length: 4 }, () => createRwMutex(session, '/rw'));
  assert.ok(r1 && r2 && w && r3);
  await r1.read.lock();
  await r2.read.lock();
  const writing = follow(w.write.lock());
  await turn();
  const late = follow(r3.read.lock());
  await turn();
  assert.match(keys().join(' '), /^\/rw\/read\/\d+ \/rw\/read\/\d+ \/rw\/write\/\d+ \/rw\/read\/\d+$/);
  await r1.read.unlock();
  await turn();
  assert.equal(writing.state, 'open');
  await r2.read.unlock();
  await turn();
  assert.deepEqual([writing.state, late.state], ['ok', 'open']);
  await w.write.unlock();
  await turn();
  assert.equal(late.state, 'ok');
  assert.equal(
    (await errorOfCall(createRwMutex(session, '/rw').write.tryLock())).message,
    'mutex: Locked by another session',
  );
});

test('locked again it is the same lock, and one unlock ends it', async () => {
  const { client, keys } = modelCluster();
  const { write } = createRwMutex(await openSession(client), '/rw');
  const token = await write.lock();
  assert.equal(await write.lock(), token);
  await write.unlock();
  assert.deepEqual(keys(), []);
});

test('a barrier lets nobody pass while it stands, and is put up once', async () => {
  const { client } = modelCluster();
  const barrier = createBarrier(client, '/barrier');
  await barrier.wait();
  await barrier.hold();
  assert.match((await errorOfCall(barrier.hold())).message, /\/barrier stands already/);
  const waiting = [follow(barrier.wait()), follow(createBarrier(client, '/barrier').wait())];
  await turn();
  assert.deepEqual(
    waiting.map(({ state }) => state),
    ['open', 'open'],
  );
  await barrier.release();
  await turn();
  assert.deepEqual(
    waiting.map(({ state }) => state),
    ['ok', 'ok'],
  );
});

test('a double barrier: all begin together, all end together, one too many is refused', async () => {
  const { client, keys } = modelCluster();
  const sessions = await Promise.all(Array.from({ length: 4 }, () => openSession(client)));
  const barriers = sessions.map((session) => createDoubleBarrier(session, '/db', 3));
  const entering = barriers.slice(0, 2).map((barrier) => follow(barrier.enter()));
  await turn();
  assert.ok(entering.every(({ state }) => state === 'open'));
  await barriers[2]?.enter();
  await turn();
  assert.ok(entering.every(({ state }) => state === 'ok'));
  assert.equal((await errorOfCall(barriers[3]?.enter() ?? assert.fail())).message, 'too many clients');
  const leaving = barriers.slice(0, 2).map((barrier) => follow(barrier.leave()));
  await turn();
  assert.ok(leaving.every(({ state }) => state === 'open'));
  await barriers[2]?.leave();
  await turn();
  assert.ok(leaving.every(({ state }) => state === 'ok'));
  assert.deepEqual(keys(), []);
});

test('whoever dies in a double barrier is not waited for when the others leave', async () => {
  const { client, expire } = modelCluster();
  const sessions = await Promise.all([openSession(client), openSession(client)]);
  const [a, b] = sessions.map((session) => createDoubleBarrier(session, '/db', 2));
  assert.ok(a && b);
  await Promise.all([a.enter(), b.enter()]);
  const leaving = follow(a.leave());
  await turn();
  assert.equal(leaving.state, 'open');
  await expire(sessions[1]?.lease ?? 0n);
  await turn();
  assert.equal(leaving.state, 'ok');
});

test('a queue hands out each item once and in order, also to consumers that came first', async () => {
  const { client } = modelCluster();
  const queue = createQueue(client, '/q');
  const early = [queue.dequeue(), queue.dequeue()];
  await turn();
  for (const item of ['1', '2', '3', '4']) await queue.enqueue(item);
  const late = [await queue.dequeue(), await queue.dequeue()];
  const items = [...(await Promise.all(early)), ...late].map((bytes) => toText(bytes));
  assert.deepEqual(items.sort(), ['1', '2', '3', '4']);
  const ordered = createQueue(client, '/ordered');
  for (const item of ['1', '2', '3']) await ordered.enqueue(item);
  assert.equal(toText(await ordered.dequeue()), '1');
  assert.equal(toText(await ordered.dequeue()), '2');
});

test('an empty queue is waited for as long as the caller likes', async () => {
  const { client, clock } = modelCluster();
  const waiting = follow(createQueue(client, '/q').dequeue({ timeoutMs: 100 }));
  await clock.pass(100);
  assert.equal(waiting.error?.message, 'quorate: nothing came into the queue /q within 100 ms');
});

test('of a priority queue the lowest comes first, and among equals the first that came', async () => {
  const { client, keys } = modelCluster();
  const queue = createPriorityQueue(client, '/pq');
  await queue.enqueue('c', 20);
  await queue.enqueue('a', 3);
  await queue.enqueue('b', 3);
  assert.deepEqual(
    keys().filter((key) => key.startsWith('/pq')),
    ['/pq/00020/0000000000000000', '/pq/00003/0000000000000000', '/pq/00003/0000000000000001'],
  );
  const taken = [await queue.dequeue(), await queue.dequeue(), await queue.dequeue()].map((bytes) => toText(bytes));
  assert.deepEqual(taken, ['a', 'b', 'c']);
  assert.match((await errorOfCall(queue.enqueue('x', 70_000))).message, /the priority is 70000; it must be/);
});

test('of two that take the same number in a priority queue one takes the next', async () => {
  const { client } = modelCluster();
  const queue = createPriorityQueue(client, '/pq');
  await Promise.all(['a', 'b', 'c'].map((item) => queue.enqueue(item, 1)));
  const taken = [await queue.dequeue(), await queue.dequeue(), await queue.dequeue()].map((bytes) => toText(bytes));
  assert.deepEqual(taken.sort(), ['a', 'b', 'c']);
});
