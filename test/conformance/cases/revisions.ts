/** Revisions and generations: B-01 to B-09. (B-04 and B-10 are about what lies on disk: test/compliance.) */
import assert from 'node:assert/strict';
import { refusedWith, type Group } from '../suite.js';

export const revisions: Group = {
  title: 'revisions and generations',
  cases: [
    {
      name: 'B-01 an untouched store is at revision 1, and its first write gets revision 2',
      fresh: true,
      run: async ({ store, key }) => {
        const empty = await store.range({ key: '\0', range_end: '\0' });
        assert.deepEqual(empty, { revision: 1, kvs: [], more: false, count: 0 });
        assert.equal((await store.hashKv()).compact_revision, -1);
        assert.equal((await store.put({ key: key('first'), value: '1' })).revision, 2);
      },
    },
    {
      name: 'B-02 each write takes exactly one revision, also one of many changes',
      run: async ({ store, key, end, put, revision, get }) => {
        const before = await revision();
        assert.equal(await put('a'), before + 1);
        assert.equal(await put('b'), before + 2);
        const txn = await store.txn({
          success: [{ put: { key: key('c'), value: '1' } }, { put: { key: key('d'), value: '2' } }],
        });
        assert.equal(txn.revision, before + 3);
        assert.equal((await get('c'))?.mod_revision, before + 3);
        assert.equal((await get('d'))?.mod_revision, before + 3);
        const deleted = await store.delete({ key: key(), range_end: end() });
        assert.deepEqual([deleted.revision, deleted.deleted], [before + 4, 4]);
        assert.equal(await revision(), before + 4);
      },
    },
    {
      name: 'B-03 a write that changes nothing takes no revision',
      run: async ({ store, key, end, revision, put }) => {
        const before = await put('there');
        assert.deepEqual(await store.delete({ key: key('missing') }), { revision: before, deleted: 0, prev_kvs: [] });
        const range = await store.delete({ key: key('missing'), range_end: end('missing') });
        assert.equal(range.revision, before);
        const idle = await store.txn({
          compare: [{ key: key('there'), target: 'version', result: 'equal', given: 99 }],
          success: [{ put: { key: key('x'), value: '1' } }],
        });
        assert.deepEqual([idle.revision, idle.succeeded, idle.responses], [before, false, []]);
        const emptyDelete = await store.txn({ success: [{ delete: { key: key('missing') } }] });
        assert.equal(emptyDelete.revision, before);
        assert.equal(await revision(), before);
      },
    },
    {
      name: 'B-03 a put of the same value takes a revision and a version',
      run: async ({ put, get }) => {
        const first = await put('same', 'v');
        const second = await put('same', 'v');
        assert.equal(second, first + 1);
        const kv = await get('same');
        assert.deepEqual([kv?.create_revision, kv?.mod_revision, kv?.version], [first, second, 2]);
      },
    },
    {
      name: 'B-05 create_revision and version begin anew after a delete',
      run: async ({ store, key, put, get }) => {
        await put('k', '1');
        await put('k', '2');
        await store.delete({ key: key('k') });
        assert.equal(await get('k'), undefined);
        const again = await put('k', '3');
        assert.deepEqual(await get('k'), {
          key: key('k'),
          value: '3',
          create_revision: again,
          mod_revision: again,
          version: 1,
          lease: 0n,
        });
      },
    },
    {
      name: 'B-05 deleting a missing key makes no generation',
      run: async ({ store, key, put, get }) => {
        await store.delete({ key: key('never') });
        const first = await put('never');
        assert.equal((await get('never'))?.create_revision, first);
        assert.equal((await get('never'))?.version, 1);
        assert.equal(await get('never', first - 1), undefined);
      },
    },
    {
      name: 'B-05 delete and put in one transaction end a generation and begin one at the same revision',
      run: async ({ store, key, put, get, end }) => {
        await put('k', '1');
        await put('k', '2');
        const txn = await store.txn({
          success: [{ delete: { key: key('k') } }, { put: { key: key('other'), value: 'x' } }],
        });
        assert.equal(await get('k'), undefined);
        assert.equal((await get('other'))?.mod_revision, txn.revision);
        assert.equal((await store.range({ key: key(), range_end: end(), revision: txn.revision - 1 })).count, 1);
      },
    },
    {
      name: 'B-06 a read at a revision sees each key as it was then',
      run: async ({ store, key, end, put, get }) => {
        const one = await put('k', 'one');
        const two = await put('k', 'two');
        const gone = (await store.delete({ key: key('k') })).revision;
        const three = await put('k', 'three');
        assert.equal((await get('k', one))?.value, 'one');
        assert.equal((await get('k', two))?.value, 'two');
        assert.equal(await get('k', gone), undefined);
        assert.equal((await get('k', three))?.value, 'three');
        assert.equal((await get('k'))?.value, 'three');
        const then = await store.range({ key: key(), range_end: end(), revision: gone });
        assert.deepEqual([then.count, then.kvs.length], [0, 0]);
      },
    },
    {
      name: 'B-06 a read of a transaction sees what the transaction wrote before',
      run: async ({ store, key, put }) => {
        const before = await put('k', 'old');
        const txn = await store.txn({
          success: [
            { range: { key: key('k') } },
            { put: { key: key('k'), value: 'new' } },
            { range: { key: key('k') } },
            { delete: { key: key('k2') } },
            { range: { key: key('k'), revision: before } },
          ],
        });
        const values = txn.responses.flatMap((one) => ('range' in one ? one.range.kvs.map((kv) => kv.value) : []));
        assert.deepEqual(values, ['old', 'new', 'old']);
      },
    },
    {
      name: 'B-07 the header shows the current revision, not the one asked for',
      run: async ({ store, key, put }) => {
        const first = await put('k', '1');
        const second = await put('k', '2');
        const answer = await store.range({ key: key('k'), revision: first });
        assert.deepEqual([answer.revision, answer.kvs[0]?.value], [second, '1']);
      },
    },
    {
      name: 'B-07 a write is seen by every linearizable read that starts after its answer',
      run: async ({ put, get }) => {
        for (let i = 0; i < 20; i++) {
          const at = await put('k', String(i));
          const kv = await get('k');
          assert.deepEqual([kv?.value, kv?.mod_revision], [String(i), at]);
        }
      },
    },
    {
      name: 'B-08 keys are any bytes, in the order of their bytes',
      run: async ({ store, key, end }) => {
        const names = [
          '\x00',
          '\x00\x00',
          '\x01',
          ' ',
          '*',
          '.',
          '/',
          '>',
          'A',
          'Z',
          'a',
          'a\x00',
          'a\x00b',
          'aa',
          'b',
        ];
        const all = [...names, '\x7f', '\x80', '\xc3\xa4', '\xfe', '\xff', '\xff\x00', '\xff\xff'];
        for (const name of [...all].reverse()) await store.put({ key: key(name), value: name });
        const answer = await store.range({ key: key(), range_end: end() });
        assert.deepEqual(
          answer.kvs.map((kv) => kv.key),
          all.map((name) => key(name)),
        );
        for (const kv of answer.kvs) assert.equal(key(kv.value), kv.key);
      },
    },
    {
      name: 'B-08 a key may be long',
      run: async ({ store, key }) => {
        const long = key('k'.repeat(100_000));
        await store.put({ key: long, value: 'v' });
        assert.equal((await store.range({ key: long })).kvs[0]?.key, long);
      },
    },
    {
      name: 'B-09 the version counts the puts of a generation',
      run: async ({ put, get, key, store }) => {
        const created = await put('k', '1');
        for (let version = 2; version <= 5; version++) {
          const at = await put('k', String(version));
          const kv = await get('k');
          assert.deepEqual([kv?.version, kv?.create_revision, kv?.mod_revision], [version, created, at]);
        }
        const at = (await store.put({ key: key('k'), ignore_value: true })).revision;
        const kv = await get('k');
        assert.deepEqual([kv?.version, kv?.value, kv?.mod_revision], [6, '5', at]);
      },
    },
    {
      name: 'a read of a future revision is refused',
      run: async ({ store, key, revision }) => {
        const now = await revision();
        await refusedWith(store.range({ key: key(), revision: now + 1000 }), 'FutureRev');
      },
    },
  ],
};
