/** A mutex on the model of the store: what happens between two of its steps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMutex } from '../../client/recipes/mutex.js';
import { openSession } from '../../client/recipes/session.js';
import { op } from '../../client/txn.js';
import { errorOf } from '../../machines/language/errors.js';
import { errorOfCall, follow } from './client-of.js';
import { turn } from './manual-clock.js';
import { modelCluster } from './model-client.js';

async function contenders(count: number) {
  const cluster = modelCluster();
  const sessions = await Promise.all(Array.from({ length: count }, () => openSession(cluster.client)));
  const mutexes = sessions.map((session) => createMutex(session, '/lock'));
  return { cluster, sessions, mutexes };
}

test('the keys are etcd’s, and each waits for the one just before it', async () => {
  const { cluster, sessions, mutexes } = await contenders(3);
  const [a, b, c] = mutexes as [(typeof mutexes)[0], (typeof mutexes)[0], (typeof mutexes)[0]];
  const tokenOfA = await a.lock();
  const lockingB = b.lock();
  await turn();
  const lockingC = follow(c.lock());
  await turn();
  assert.deepEqual(
    cluster.keys(),
    sessions.map(({ lease }) => `/lock/${lease.toString(16)}`),
  );
  await a.unlock();
  const tokenOfB = await lockingB;
  await turn();
  assert.equal(lockingC.state, 'open');
  assert.ok(tokenOfB > tokenOfA, 'fencing tokens grow');
  await b.unlock();
  await turn();
  assert.equal(lockingC.state, 'ok');
  assert.ok(c.held && !b.held);
});

test('a waiter whose session expires gets the error, and those behind it wait for the holder', async () => {
  const { cluster, sessions, mutexes } = await contenders(3);
  await mutexes[0]?.lock();
  const waiting = mutexes.slice(1).map((mutex) => {
    return follow(mutex.lock());
  });
  await turn();
  await cluster.expire(sessions[1]?.lease ?? 0n);
  await turn();
  assert.equal(waiting[0]?.error?.message, 'mutex: session is expired');
  assert.equal(waiting[1]?.state, 'open', 'the holder still holds');
  await mutexes[0]?.unlock();
  await turn();
  assert.equal(waiting[1]?.state, 'ok');
});

test('a waiter that has not heard of its lease’s end finds its key gone in its turn (etcd #11456)', async () => {
  const { cluster, sessions, mutexes } = await contenders(2);
  await mutexes[0]?.lock();
  const waiting = follow(mutexes[1]?.lock() ?? assert.fail());
  await turn();
  await cluster.expireUnheard(sessions[1]?.lease ?? 0n);
  await mutexes[0]?.unlock();
  await turn();
  assert.equal(waiting.error?.message, 'mutex: session is expired');
  assert.deepEqual(cluster.keys(), []);
});

test('a holder that has not heard of its lease’s end is held off by the guard, not by its belief', async () => {
  const { cluster, sessions, mutexes } = await contenders(2);
  const [a, b] = mutexes as [(typeof mutexes)[0], (typeof mutexes)[0]];
  await a.lock();
  const lockingB = b.lock();
  await turn();
  await cluster.expireUnheard(sessions[0]?.lease ?? 0n);
  await lockingB;
  assert.ok(a.held && b.held, 'both believe it: a lock alone gives no mutual exclusion');
  const write = (owner: typeof a) => cluster.client.kv.txn().if(owner.isOwner()).then(op.put('x', '1')).commit();
  assert.equal((await write(a)).succeeded, false);
  assert.equal((await write(b)).succeeded, true);
});

test('unlocking twice says so', async () => {
  const { mutexes } = await contenders(1);
  await mutexes[0]?.lock();
  await mutexes[0]?.unlock();
  const error = await errorOfCall(mutexes[0]?.unlock() ?? assert.fail());
  assert.equal(error.message, 'mutex: lock has already been released');
});

test('tryLock leaves no key behind when another has it', async () => {
  const { cluster, mutexes } = await contenders(2);
  await mutexes[0]?.tryLock();
  const error = await errorOfCall(mutexes[1]?.tryLock() ?? assert.fail());
  assert.equal(error.message, 'mutex: Locked by another session');
  await turn();
  assert.equal(cluster.keys().length, 1);
});

test('a wait ends with its timeout or its signal, and takes its key along', async () => {
  const { cluster, mutexes } = await contenders(2);
  const b = mutexes[1] ?? assert.fail();
  await mutexes[0]?.lock();
  const timed = follow(b.lock({ timeoutMs: 500 }));
  await cluster.clock.pass(499);
  assert.equal(timed.state, 'open');
  await cluster.clock.pass(1);
  assert.equal(timed.error?.message, 'quorate: the lock /lock was not to be had within 500 ms');
  assert.equal(cluster.keys().length, 1);
  const controller = new AbortController();
  const aborted = follow(b.lock({ signal: controller.signal }));
  await turn();
  controller.abort('enough');
  await turn();
  assert.equal(aborted.error?.message, 'etcdserver: request canceled');
  assert.equal(cluster.keys().length, 1);
  assert.equal((await errorOfCall(b.lock({ signal: controller.signal }))).code, 'Canceled');
});

test('an answer that is lost loses no key: the claim is asked again and finds itself', async () => {
  const { cluster, mutexes } = await contenders(1);
  let lost = 0;
  cluster.after = () => {
    if (lost++ === 0) throw errorOf('Timeout', true);
  };
  const locking = follow(mutexes[0]?.lock() ?? assert.fail());
  await cluster.clock.pass(1_000);
  assert.equal(locking.state, 'ok');
  assert.equal(cluster.keys().length, 1);
});

test('given up during the claim: the key that appears later is taken back, then locking works anew', async () => {
  const { cluster, mutexes } = await contenders(1);
  const mutex = mutexes[0] ?? assert.fail();
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  cluster.before = () => held;
  const controller = new AbortController();
  const aborted = follow(mutex.lock({ signal: controller.signal }));
  await turn();
  controller.abort();
  await turn();
  assert.equal(aborted.state, 'failed', 'the caller is not kept waiting');
  const again = follow(mutex.lock());
  cluster.before = undefined;
  release();
  await turn();
  assert.equal(again.state, 'ok');
  assert.equal(cluster.keys().length, 1);
  assert.ok(mutex.held);
});

test('one call at a time, and a session that is closed locks nothing', async () => {
  const { sessions, mutexes } = await contenders(2);
  await mutexes[0]?.lock();
  const waiting = follow(mutexes[1]?.lock() ?? assert.fail());
  await turn();
  assert.match((await errorOfCall(mutexes[1]?.lock() ?? assert.fail())).message, /another call is under way/);
  await sessions[1]?.close();
  await turn();
  assert.equal(waiting.error?.message, 'mutex: session is expired');
  assert.equal((await errorOfCall(mutexes[1]?.lock() ?? assert.fail())).message, 'mutex: session is expired');
});
