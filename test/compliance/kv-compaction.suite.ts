/** Compaction and hashes: B-23 … B-26. */
import assert from 'node:assert/strict';
import { ALL, clusterOf, compact, put, rangeRequest, remove, txn } from '../store/kv-steps.js';
import { refusedAs, isError, countRecords, type KvTest } from './kv-desk.js';

export function describeCompaction(kvTest: KvTest): void {
  kvTest('B-23 compaction: what is refused, and what stays readable', async ({ run, get, store }) => {
    await run(put('a', '1'), put('a', '2'), put('a', '3'));
    isError(await run(compact(5)), 'FutureRev', 4);
    assert.deepEqual(await run(compact(3)), { type: 'compact', compact: { revision: 4 } });
    isError(await run(compact(3)), 'Compacted', 4);
    isError(await run(compact(2)), 'Compacted', 4);
    await store.compacted(3);
    await assert.rejects(get('a', 2), refusedAs('Compacted'));
    assert.equal((await get('a', 3))?.mod_revision, 3);
    assert.equal((await get('a', 4))?.mod_revision, 4);
    isError(await run(txn([], [{ range: rangeRequest('a', { revision: 2 }) }])), 'Compacted', 4);
    assert.deepEqual(
      await run(compact(4)),
      { type: 'compact', compact: { revision: 4 } },
      'the current revision is allowed',
    );
    assert.equal(store.status.compact_revision, 4);
  });

  kvTest(
    'B-24 compaction keeps the newest of each living key, and a tombstone at exactly its revision',
    async (desk) => {
      const { run, store, driver } = desk;
      // gone: 2 3†   stays: 4 5   edge: 6 7†   later: 8 †9
      await run(
        put('gone', '1'),
        remove('gone'),
        put('stays', '1'),
        put('stays', '2'),
        put('edge', '1'),
        remove('edge'),
      );
      await run(compact(7), put('later', '1'), remove('later'));
      await store.compacted(7);
      assert.deepEqual(await desk.rows({ revision: 7 }), ['stays=2@5']);
      assert.deepEqual(await desk.rows({ revision: 8 }), ['stays=2@5', 'later=1@8'].sort());
      const source = await store.snapshot(clusterOf(1n), 'test');
      await source.close();
      // Of nine records five are left: stays@5, edge's tombstone @7, later @8 and its tombstone @9 …
      assert.equal(await countRecords(desk), 4);
      assert.equal(driver.index, 9);
    },
  );

  kvTest('B-25 a compaction that was cut short is done after a restart', async (desk) => {
    await desk.run(put('a', '1'), put('a', '2'), put('a', '3'));
    await desk.run(compact(4));
    const again = await desk.reopen();
    await again.store.compacted(4);
    assert.equal(again.store.status.compact_revision, 4);
    assert.equal(await countRecords(again), 1);
    await again.store.close();
  });

  kvTest('B-26 hashes agree whatever the physical progress, and name their revisions', async (desk) => {
    const { run, store } = desk;
    await run(put('a', '1'), put('b', '1'), put('a', '2'), remove('b'), put('c', '1'));
    assert.equal((await store.hashKv(0)).compact_revision, -1);
    await run(compact(4));
    const early = await store.hashKv(6);
    const earlyState = await store.hashState();
    await store.compacted(4);
    assert.deepEqual(await store.hashKv(6), early);
    assert.deepEqual(await store.hashState(), earlyState);
    assert.deepEqual({ ...early, hash: 0 }, { revision: 6, hash: 0, compact_revision: 4, hash_revision: 6 });
    assert.notEqual((await store.hashKv(5)).hash, early.hash);
    await assert.rejects(store.hashKv(3), refusedAs('Compacted'));
    await assert.rejects(store.hashKv(7), refusedAs('FutureRev'));
  });

  kvTest(
    'reads in flight while compactions run meet no hole: the answer, or Compacted',
    async ({ run, store, driver }) => {
      const keys = Array.from({ length: 300 }, (_, i) => `k${String(i).padStart(4, '0')}`);
      for (const value of ['u', 'v']) await run(...keys.map((key) => put(key, value.repeat(100))));
      for (let round = 0; round < 8; round++) {
        const at = store.status.revision;
        const reads = [0, at, at - 50].map(async (revision) => {
          try {
            const result = await store.range(rangeRequest(ALL, { range_end: ALL, revision }));
            assert.equal(result.kvs.length, 300);
            assert.ok(result.kvs.every((row) => row.value.length === 100));
          } catch (error) {
            refusedAs('Compacted')(error);
          }
        });
        await driver.decide(...keys.map((key) => put(key, 'w'.repeat(100))), compact(at + 150));
        await Promise.all([...reads, store.write().then(() => store.compacted(at + 150))]);
      }
    },
  );
}
