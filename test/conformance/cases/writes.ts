/** KV.Put and KV.DeleteRange, field by field (reference 1.1). */
import assert from 'node:assert/strict';
import { refusedWith, type Group } from '../suite.js';

const UNKNOWN_LEASE = 0x7abc_def0_1234_5678n;

export const writes: Group = {
  title: 'put and delete',
  cases: [
    {
      name: 'put: an empty key is refused',
      run: async ({ store }) => refusedWith(store.put({ key: '', value: 'v' }), 'EmptyKey'),
    },
    {
      name: 'put: an empty value is a value',
      run: async ({ put, get }) => {
        const at = await put('k', '');
        const kv = await get('k');
        assert.deepEqual([kv?.value, kv?.mod_revision], ['', at]);
      },
    },
    {
      name: 'put: values are any bytes',
      run: async ({ put, get }) => {
        const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
        await put('k', all);
        assert.equal((await get('k'))?.value, all);
      },
    },
    {
      name: 'put: prev_kv gives the pair before, and nothing when there was none',
      run: async ({ store, key, put }) => {
        assert.equal((await store.put({ key: key('k'), value: '1', prev_kv: true })).prev_kv, null);
        const at = await put('k', '2');
        const answer = await store.put({ key: key('k'), value: '3', prev_kv: true });
        assert.deepEqual(answer, {
          revision: at + 1,
          prev_kv: {
            key: key('k'),
            value: '2',
            create_revision: at - 1,
            mod_revision: at,
            version: 2,
            lease: 0n,
          },
        });
        assert.equal((await store.put({ key: key('k'), value: '4' })).prev_kv, null);
      },
    },
    {
      name: 'put: an unknown lease is refused and nothing is written',
      run: async ({ store, key, get, revision }) => {
        const before = await revision();
        await refusedWith(store.put({ key: key('k'), value: 'v', lease: UNKNOWN_LEASE }), 'LeaseNotFound');
        await refusedWith(store.put({ key: key('k'), value: 'v', lease: -5n }), 'LeaseNotFound');
        assert.equal(await get('k'), undefined);
        assert.equal(await revision(), before);
      },
    },
    {
      name: 'put: ignore_value keeps the value, and refuses one',
      run: async ({ store, key, put, get }) => {
        await put('k', 'kept');
        const answer = await store.put({ key: key('k'), ignore_value: true, prev_kv: true });
        assert.equal(answer.prev_kv?.value, 'kept');
        const kv = await get('k');
        assert.deepEqual([kv?.value, kv?.version], ['kept', 2]);
        await refusedWith(store.put({ key: key('k'), value: 'x', ignore_value: true }), 'ValueProvided');
        await refusedWith(store.put({ key: key('missing'), ignore_value: true }), 'KeyNotFound');
        assert.equal((await get('k'))?.version, 2);
      },
    },
    {
      name: 'put: ignore_lease keeps the lease, and refuses one',
      run: async ({ store, key, put, get }) => {
        await put('k', '1');
        await store.put({ key: key('k'), value: '2', ignore_lease: true });
        const kv = await get('k');
        assert.deepEqual([kv?.value, kv?.lease, kv?.version], ['2', 0n, 2]);
        const both = store.put({ key: key('k'), value: '3', ignore_lease: true, lease: UNKNOWN_LEASE });
        await refusedWith(both, 'LeaseProvided');
        await refusedWith(store.put({ key: key('missing'), value: 'v', ignore_lease: true }), 'KeyNotFound');
      },
    },
    {
      name: 'put: the key is looked at before the flags',
      run: async ({ store }) => {
        await refusedWith(store.put({ key: '', value: 'v', ignore_value: true }), 'EmptyKey');
        await refusedWith(store.put({ key: '', value: 'v', ignore_lease: true, lease: 1n }), 'EmptyKey');
      },
    },
    {
      name: 'put: a refused put takes no revision',
      run: async ({ store, key, revision }) => {
        const before = await revision();
        await refusedWith(store.put({ key: key('missing'), ignore_value: true }), 'KeyNotFound');
        assert.equal(await revision(), before);
      },
    },
    {
      name: 'delete: an empty key is refused',
      run: async ({ store }) => refusedWith(store.delete({ key: '' }), 'EmptyKey'),
    },
    {
      name: 'delete: one key, with the pair before',
      run: async ({ store, key, put, get }) => {
        await put('ka', 'other');
        const at = await put('k', 'v');
        const answer = await store.delete({ key: key('k'), prev_kv: true });
        const pair = { key: key('k'), value: 'v', create_revision: at, mod_revision: at, version: 1, lease: 0n };
        assert.deepEqual(answer, { revision: at + 1, deleted: 1, prev_kvs: [pair] });
        assert.equal(await get('k'), undefined);
        assert.equal((await get('ka'))?.value, 'other');
      },
    },
    {
      name: 'delete: a range, end exclusive, pairs before in order',
      run: async ({ store, key, end, put }) => {
        for (const name of ['a', 'b', 'c', 'd']) await put(name, name);
        const answer = await store.delete({ key: key('b'), range_end: key('d'), prev_kv: true });
        assert.deepEqual([answer.deleted, answer.prev_kvs.map((kv) => kv.value)], [2, ['b', 'c']]);
        const left = await store.range({ key: key(), range_end: end() });
        assert.deepEqual(
          left.kvs.map((kv) => kv.value),
          ['a', 'd'],
        );
        const backwards = await store.delete({ key: key('d'), range_end: key('a') });
        assert.deepEqual([backwards.deleted, backwards.revision], [0, answer.revision]);
      },
    },
    {
      name: 'delete: without prev_kv no pairs come back',
      run: async ({ store, key, put }) => {
        await put('k');
        assert.deepEqual((await store.delete({ key: key('k') })).prev_kvs, []);
      },
    },
    {
      name: 'delete: what is deleted twice is deleted once',
      run: async ({ store, key, put }) => {
        await put('k');
        const first = await store.delete({ key: key('k') });
        const second = await store.delete({ key: key('k') });
        assert.deepEqual([first.deleted, second.deleted, second.revision], [1, 0, first.revision]);
      },
    },
  ],
};
