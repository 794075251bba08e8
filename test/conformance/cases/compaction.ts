/** KV.Compact and what is left after it: B-23 to B-29. (B-25, B-28 need restarts and flags: test/process.) */
import assert from 'node:assert/strict';
import { refusedWith, type Group } from '../suite.js';

export const compaction: Group = {
  title: 'compaction',
  cases: [
    {
      name: 'B-23 at the current revision it is allowed, beyond it and twice it is refused',
      run: async ({ store, put }) => {
        await put('k', '1');
        const now = await put('k', '2');
        await refusedWith(store.compact(now + 1000), 'FutureRev');
        assert.equal((await store.compact(now)).revision, now);
        await refusedWith(store.compact(now), 'Compacted');
        await refusedWith(store.compact(now - 1), 'Compacted');
      },
    },
    {
      name: 'B-23 a compaction takes no revision',
      run: async ({ store, put, revision }) => {
        const now = await put('k');
        await store.compact(now);
        assert.equal(await revision(), now);
        assert.equal(await put('k'), now + 1);
      },
    },
    {
      name: 'B-23 reads below are refused, at it and above they work',
      run: async ({ store, key, put, get }) => {
        const one = await put('k', 'one');
        const two = await put('k', 'two');
        const three = await put('k', 'three');
        await store.compact(two);
        await refusedWith(store.range({ key: key('k'), revision: one }), 'Compacted');
        await refusedWith(store.range({ key: key('k'), revision: one, count_only: true }), 'Compacted');
        assert.equal((await get('k', two))?.value, 'two');
        assert.equal((await get('k', three))?.value, 'three');
        assert.equal((await get('k'))?.value, 'three');
      },
    },
    {
      name: 'B-23 a read below inside a transaction is refused, and nothing is done',
      run: async ({ store, key, put, get }) => {
        const one = await put('k', 'one');
        const two = await put('k', 'two');
        await store.compact(two);
        const txn = store.txn({
          success: [{ put: { key: key('other'), value: 'v' } }, { range: { key: key('k'), revision: one } }],
        });
        await refusedWith(txn, 'Compacted');
        assert.equal(await get('other'), undefined);
      },
    },
    {
      name: 'compact: zero and negative revisions count as compacted',
      run: async ({ store, put }) => {
        await store.compact(await put('k'));
        await refusedWith(store.compact(0), 'Compacted');
        await refusedWith(store.compact(-1), 'Compacted');
      },
    },
    {
      name: 'B-24 the newest version at or below is kept, with its numbers',
      run: async ({ store, key, put, get }) => {
        const created = await put('k', '1');
        await put('k', '2');
        const kept = await put('k', '3');
        const now = await put('other');
        await store.compact(now, true);
        assert.deepEqual(await get('k', now), {
          key: key('k'),
          value: '3',
          create_revision: created,
          mod_revision: kept,
          version: 3,
          lease: 0n,
        });
        await put('k', '4');
        assert.equal((await get('k'))?.version, 4);
      },
    },
    {
      name: 'B-24 what was deleted stays deleted, and what came after stays',
      run: async ({ store, key, end, put, get }) => {
        await put('gone', '1');
        await store.delete({ key: key('gone') });
        await put('back', '1');
        await store.delete({ key: key('back') });
        const again = await put('back', '2');
        const now = await put('k');
        const later = await put('k', 'later');
        await store.compact(now, true);
        assert.equal(await get('gone', now), undefined);
        assert.deepEqual([(await get('back', now))?.create_revision, (await get('back', now))?.version], [again, 1]);
        assert.equal((await store.range({ key: key(), range_end: end(), revision: now })).count, 2);
        assert.equal((await get('k', later))?.value, 'later');
        const reborn = await put('gone', 'new');
        assert.deepEqual([(await get('gone'))?.create_revision, (await get('gone'))?.version], [reborn, 1]);
      },
    },
    {
      name: 'B-24 compacting at a delete keeps the key invisible there',
      run: async ({ store, key, put, get }) => {
        await put('k', '1');
        const deleted = (await store.delete({ key: key('k') })).revision;
        await store.compact(deleted, true);
        assert.equal(await get('k', deleted), undefined);
        assert.equal(await get('k'), undefined);
      },
    },
    {
      name: 'B-24 the hash at a revision stays the same when that revision, a delete, is compacted',
      since: ['3.6', 'before 3.5.16 the tombstone at the compacted revision was dropped'],
      run: async ({ store, key, put }) => {
        const floor = await put('floor');
        await store.compact(floor, true);
        await put('k', '1');
        const deleted = (await store.delete({ key: key('k') })).revision;
        await store.compact(deleted, true);
        await put('later');
        const first = await store.hashKv(deleted);
        assert.equal(first.compact_revision, deleted);
        assert.equal((await store.hashKv(deleted)).hash, first.hash);
      },
    },
    {
      name: 'B-26 a physical compaction answers as well, and the hash names the compacted revision',
      run: async ({ store, put }) => {
        for (let i = 0; i < 30; i++) await put(`k${i % 3}`, String(i));
        const now = await put('k');
        assert.equal((await store.compact(now, true)).revision, now);
        assert.equal((await store.hashKv()).compact_revision, now);
      },
    },
    {
      name: 'hashkv: the same state has the same hash, another has another',
      run: async ({ store, put }) => {
        const first = await put('k', '1');
        const hash = (await store.hashKv()).hash;
        assert.equal((await store.hashKv()).hash, hash);
        assert.equal((await store.hashKv(first)).hash, hash, 'at its revision by number');
        await put('k', '2');
        assert.notEqual((await store.hashKv()).hash, hash);
        assert.equal((await store.hashKv(first)).hash, hash, 'later writes do not change it');
      },
    },
    {
      name: 'hashkv: a compacted and a future revision are refused',
      run: async ({ store, put }) => {
        const one = await put('k', '1');
        const two = await put('k', '2');
        await store.compact(two, true);
        await refusedWith(store.hashKv(one), 'Compacted');
        await refusedWith(store.hashKv(two + 1000), 'FutureRev');
      },
    },
    {
      name: 'B-29 writes go on after a compaction, and revisions with them',
      run: async ({ store, put, get }) => {
        const now = await put('k', '1');
        await store.compact(now);
        assert.equal(await put('k', '2'), now + 1);
        assert.equal((await get('k'))?.version, 2);
      },
    },
  ],
};
