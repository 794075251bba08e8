/** Request ids: at most once always, exactly once within the window. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Operation, RequestId } from '../../machines/language/commands.js';
import { limits } from '../../machines/language/limits.js';
import type { Entry, Index, Term } from '../../machines/language/vocabulary.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { MvccStore } from '../../store/mvcc.js';
import { compact, Driver, eagerClock, entryOf, plain, put, putRequest, rangeRequest, remove, txn } from './kv-steps.js';

const id = (number: number, since = 0, client = 1): RequestId => ({
  client: Uint8Array.of(client, 255),
  number,
  since,
});

async function open(disk = new MemoryEngineFactory()): Promise<{ store: MvccStore; driver: Driver }> {
  const store = new MvccStore(disk, eagerClock);
  const { applied } = await store.open('a');
  return { store, driver: new Driver(store, applied) };
}

test('a known id with the same command gets the kept decision and does nothing', async () => {
  const { store, driver } = await open();
  const first = await driver.run({ operation: put('a', '1'), request: id(1) });
  assert.deepEqual(await driver.run({ operation: put('a', '1'), request: id(1) }), first);
  assert.equal(store.status.revision, 2);
  const [again, fresh] = await driver.decide(
    { operation: put('a', '1'), request: id(1, 2) },
    { operation: put('a', '1'), request: id(1, 0, 2) },
  );
  assert.deepEqual(again, first, 'another since is the same request');
  assert.deepEqual(
    fresh,
    { type: 'put', put: { revision: 3, prev_kv: null, lease: 0n } },
    'another client is another request',
  );
});

test('a request repeated within one batch, and within one not yet written, is done once', async () => {
  const { store, driver } = await open();
  const request = { operation: put('a', '1', { prev_kv: true }), request: id(1) };
  const decisions = await driver.decide(request, request);
  assert.deepEqual(decisions[0], decisions[1]);
  assert.deepEqual((await driver.decide(request))[0], decisions[0]);
  assert.equal((await store.write()).revision, 2);
});

test('a known id with another command is refused, and the first outcome stays', async () => {
  const { store, driver } = await open();
  const first = await driver.run({ operation: put('a', '1'), request: id(1) });
  for (const other of [
    put('a', '2'),
    put('b', '1'),
    put('a', '1', { prev_kv: true }),
    remove('a'),
    compact(1),
    txn([], []),
  ]) {
    assert.deepEqual(await driver.run({ operation: other, request: id(1) }), {
      type: 'error',
      error: 'RequestIdReused',
      revision: 2,
    });
  }
  assert.deepEqual(await driver.run({ operation: put('a', '1'), request: id(1) }), first);
  assert.equal(store.status.revision, 2);
});

test('errors, refusals and compactions are outcomes too; the check comes before any state is read', async () => {
  const { driver } = await open();
  const missing = { operation: put('a', '', { ignore_value: true }), request: id(1) };
  const refused = { operation: put('b', '1'), request: id(2), refused: 'NoSpace' as const };
  const error = await driver.run(missing);
  const noSpace = await driver.run(refused);
  assert.deepEqual([error.type, noSpace.type], ['error', 'error']);
  await driver.run(put('a', '1'), put('a', '2'));
  assert.deepEqual(await driver.run(missing), error, 'the key is there now, but the answer stands');
  assert.deepEqual(await driver.run({ operation: put('b', '1'), request: id(2) }), noSpace);
  const compaction = await driver.run({ operation: compact(2), request: id(3) });
  assert.equal(compaction.type, 'compact');
  assert.deepEqual(await driver.run({ operation: compact(2), request: id(3) }), compaction, 'not Compacted');
});

test('outcomes with data are kept whole, longer ones as truncated', async () => {
  const { driver } = await open();
  await driver.run(put('a', 'x'.repeat(100)), put('b', '1'));
  const steps = [
    { operation: remove('b', { prev_kv: true }), request: id(1) },
    {
      operation: txn([], [{ range: rangeRequest('a') }, { put: putRequest('c', '1', { prev_kv: true }) }]),
      request: id(2),
    },
    { operation: put('a', 'x'.repeat(limits.outcome_bytes_max), { prev_kv: true }), request: id(3) },
  ];
  for (const step of steps) assert.deepEqual(plain(await driver.run(step)), plain(await driver.run(step)));
  const long = { operation: remove('a', { prev_kv: true }), request: id(4) };
  const decision = await driver.run(long);
  assert.ok(decision.type === 'delete' && decision.delete.prev_kvs.length === 1);
  assert.deepEqual(await driver.run(long), { type: 'truncated', revision: decision.delete.revision });
});

test('records survive a crash as far as they were written', async () => {
  const disk = new MemoryEngineFactory();
  const { driver } = await open(disk);
  const first = await driver.run({ operation: put('a', '1', { prev_kv: true }), request: id(1) });
  await driver.decide({ operation: put('a', '2'), request: id(2) });
  disk.crash();
  const again = await open(disk);
  assert.deepEqual(await again.driver.run({ operation: put('a', '1', { prev_kv: true }), request: id(1) }), first);
  assert.deepEqual(await again.driver.run({ operation: put('a', '2'), request: id(2) }), {
    type: 'put',
    put: { revision: 3, prev_kv: null, lease: 0n },
  });
});

test('the window: the last one remembered, the first one forgotten, and what since has to do with it', async () => {
  const disk = new MemoryEngineFactory();
  const { store, driver } = await open(disk);
  const first = await driver.run({ operation: put('a', '1'), request: id(1) });
  const empty = (from: number, to: number): Entry[] =>
    Array.from({ length: to - from + 1 }, (_, i) => ({ index: (from + i) as Index, term: 1 as Term, kind: 'empty' }));
  const window = limits.request_window_entries;
  await store.decide(empty(2, window - 1));
  await store.write();
  const repeat = (index: number, since: number) => entryOf(index, put('a', '1'), id(1, since));
  // The entry at `window` forgets nothing (indexes up to 0), so does not the one after it: index 1 is its oldest
  // forgotten.
  const [kept] = await store.decide([repeat(window, 0)]);
  assert.deepEqual(kept?.decision, first);
  const [expired] = await store.decide([repeat(window + 1, 0)]);
  assert.deepEqual(expired?.decision, { type: 'error', error: 'RequestExpired', revision: 2 });
  // First sent when index 1 had been seen: it cannot be the request that was decided there.
  const [done] = await store.decide([repeat(window + 2, 2)]);
  assert.deepEqual(done?.decision, { type: 'put', put: { revision: 3, prev_kv: null, lease: 0n } });
  await store.write();
  const hash = await store.hashState();
  await store.close();
  const again = await open(disk);
  assert.deepEqual(await again.store.hashState(), hash);
  const [later] = await again.store.decide([repeat(window + 3, 2)]);
  assert.deepEqual(later?.decision, done?.decision);
});

test('a grant repeated with its request id is the same lease, whatever id the next leader drew for it', async () => {
  const { store, driver } = await open();
  const grant = (lease: bigint, ttl_ms = 5_000) =>
    ({ type: 'lease.grant', grant: { id: lease, ttl_ms } }) as const satisfies Operation;
  const first = await driver.run({ operation: grant(11n), request: id(1) });
  assert.deepEqual(await driver.run({ operation: grant(22n), request: id(1) }), first);
  const made = await driver.run({ operation: put('a', '1', { lease: 33n, ttl_ms: 900 }), request: id(2) });
  assert.deepEqual(made, { type: 'put', put: { revision: 2, prev_kv: null, lease: 33n } });
  assert.deepEqual(await driver.run({ operation: put('a', '1', { lease: 44n, ttl_ms: 900 }), request: id(2) }), made);
  assert.deepEqual(
    Array.from(store.leases.all(), (lease) => lease.id),
    [11n, 33n],
  );
  const other = await driver.run({ operation: grant(11n, 6_000), request: id(1) });
  assert.equal(other.type, 'error', 'another TTL is another request');
});
