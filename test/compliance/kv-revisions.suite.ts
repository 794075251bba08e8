/** Revisions, generations and single operations: B-01 … B-09. */
import assert from 'node:assert/strict';
import { prefixEnd } from '../../machines/language/bytes.js';
import { ALL, plain, put, putRequest, remove, txn, txnRequest } from '../store/kv-steps.js';
import { refusedAs, isError, type KvTest, kv } from './kv-desk.js';

export function describeRevisions(kvTest: KvTest): void {
  kvTest('B-01 a new store is at revision 1, uncompacted; the first write gets 2', async ({ store, run }) => {
    assert.equal(store.status.revision, 1);
    assert.equal(store.status.compact_revision, -1);
    assert.deepEqual(await run(put('a', '1')), { type: 'put', put: { revision: 2, prev_kv: null, lease: 0n } });
  });

  kvTest('B-02 all changes of one transaction share a revision', async ({ run, rows }) => {
    await run(txn([], [{ put: putRequest('a', '1') }, { txn: txnRequest([], [{ put: putRequest('b', '2') }]) }]));
    await run(put('c', '3'));
    assert.deepEqual(await rows(), ['a=1@2', 'b=2@2', 'c=3@3']);
  });

  kvTest('B-03 what changes nothing takes no revision; putting the same value does', async ({ run, store }) => {
    assert.deepEqual(plain(await run(remove('a'))), {
      type: 'delete',
      delete: { revision: 1, deleted: 0, prev_kvs: [] },
    });
    await run(txn([], []));
    assert.equal(store.status.revision, 1);
    await run(put('a', '1'), put('a', '1'));
    assert.equal(store.status.revision, 3);
  });

  kvTest('B-05 B-09 create_revision and version begin anew after a delete', async ({ run, get }) => {
    await run(put('a', '1'), put('a', '2'), put('a', '3'));
    assert.deepEqual(
      plain(await get('a')),
      plain({ ...kv('a', '3'), create_revision: 2, mod_revision: 4, version: 3 }),
    );
    await run(remove('a'), put('a', '4'));
    assert.deepEqual(
      plain(await get('a')),
      plain({ ...kv('a', '4'), create_revision: 6, mod_revision: 6, version: 1 }),
    );
  });

  kvTest('B-06 a read at a revision sees what was alive then', async ({ run, get }) => {
    await run(put('a', '1'), put('b', 'x'), remove('a'), put('a', '2'));
    const seen = [];
    for (let revision = 1; revision <= 5; revision++) seen.push((await get('a', revision))?.mod_revision);
    assert.deepEqual(seen, [undefined, 2, 2, undefined, 5]);
  });

  kvTest('B-07 the header shows the revision of the store, not the one asked', async ({ run, range }) => {
    await run(put('a', '1'), put('a', '2'));
    assert.equal((await range('a', { revision: 2 })).revision, 3);
    assert.equal((await range('a', { revision: -7 })).kvs[0]?.mod_revision, 3);
    await assert.rejects(range('a', { revision: 4 }), refusedAs('FutureRev'));
  });

  kvTest('B-08 keys are any bytes, in the order of bytes', async ({ driver, range }) => {
    const keys = [[0], [0, 0], [1], [0x61], [0x61, 0], [0x7f], [0x80], [0xc3, 0xa9], [0xff], [0xff, 0xff]];
    await driver.run(...[...keys].reverse().map((key) => put(Uint8Array.from(key), 'v')));
    const all = await range(ALL, { range_end: ALL });
    assert.deepEqual(
      all.kvs.map((row) => [...row.key]),
      keys,
    );
    assert.equal((await range(Uint8Array.of(0xff), { range_end: prefixEnd(Uint8Array.of(0xff)) })).count, 2);
  });

  kvTest('put: previous values, ignore_value, ignore_lease, and leases that nobody granted', async ({ run, get }) => {
    isError(await run(put('a', '', { ignore_value: true })), 'KeyNotFound', 1);
    isError(await run(put('a', '', { ignore_lease: true })), 'KeyNotFound', 1);
    isError(await run(put('a', '1', { lease: 7n })), 'LeaseNotFound', 1);
    await run(put('a', '1'));
    const kept = await run(put('a', '', { ignore_value: true, prev_kv: true }));
    assert.deepEqual(plain(kept), {
      type: 'put',
      put: {
        revision: 3,
        prev_kv: plain({ ...kv('a', '1'), create_revision: 2, mod_revision: 2, version: 1 }),
        lease: '0n',
      },
    });
    assert.equal((await get('a'))?.version, 2);
    assert.deepEqual(plain((await get('a'))?.value), '1');
    await run(put('a', '2', { ignore_lease: true }));
    assert.deepEqual(plain((await get('a'))?.value), '2');
  });

  kvTest('delete: ranges, counts and previous values', async ({ run, rows }) => {
    await run(put('a', '1'), put('b', '2'), put('c', '3'), put('d', '4'));
    const decision = await run(remove('b', { range_end: 'd', prev_kv: true }));
    assert.ok(decision.type === 'delete');
    assert.equal(decision.delete.deleted, 2);
    assert.deepEqual(plain(decision.delete.prev_kvs.map((row) => row.value)), ['2', '3']);
    assert.deepEqual(await rows(), ['a=1@2', 'd=4@5']);
    await run(remove('d', { range_end: 'b' }));
    await run(remove('a', { range_end: ALL }));
    assert.deepEqual(await rows(), []);
  });
}
