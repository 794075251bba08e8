/** B-46, B-51 … B-57: what leases are to whoever grants them and hangs keys on them. */
import assert from 'node:assert/strict';
import { type Group, refusedWith } from '../suite.js';

/** Other cases of this store have leases of their own; these are named by the test. */
const OWN = 0x7e57_0000n;

export const leases: Group = {
  title: 'leases',
  cases: [
    {
      name: 'B-46 a TTL below the smallest is raised to 2 s, and the answer says so',
      run: async ({ store }) => {
        for (const ttl of [1, 2]) {
          const granted = await store.grant(ttl);
          assert.equal(granted.ttl, 2);
          assert.ok(granted.id > 0n, 'a drawn id is positive');
          await store.revoke(granted.id);
        }
        const { id, ttl } = await store.grant(3);
        assert.equal(ttl, 3);
        assert.equal((await store.timeToLive(id)).granted, 3);
        await store.revoke(id);
      },
    },
    {
      name: 'B-46 a TTL above the greatest is refused',
      run: async ({ store }) => {
        const { id, ttl } = await store.grant(9_000_000_000);
        assert.equal(ttl, 9_000_000_000);
        await store.revoke(id);
        await refusedWith(store.grant(9_000_000_001), 'LeaseTTLTooLarge');
      },
    },
    {
      name: 'B-57 an id of the caller’s, below 0 too, is granted once',
      run: async ({ store, revision }) => {
        for (const id of [OWN, -OWN]) {
          const before = await revision();
          const granted = await store.grant(60, id);
          assert.deepEqual([granted.id, granted.revision], [id, before], 'it takes no revision');
          await refusedWith(store.grant(60, id), 'LeaseExist');
          assert.ok((await store.leases()).includes(id));
          assert.equal((await store.revoke(id)).revision, before);
          assert.ok(!(await store.leases()).includes(id));
          await refusedWith(store.revoke(id), 'LeaseNotFound');
        }
      },
    },
    {
      name: 'B-51 put with a lease attaches, with another moves, with none detaches; ignore_lease keeps it',
      run: async ({ store, key, get }) => {
        await store.grant(60, OWN + 1n);
        await store.grant(60, -OWN - 1n);
        const keysOf = async (id: bigint) => (await store.timeToLive(id, true)).keys;
        await store.put({ key: key('b'), lease: OWN + 1n });
        await store.put({ key: key('a'), lease: OWN + 1n });
        assert.deepEqual([...(await keysOf(OWN + 1n))].sort(), [key('a'), key('b')]);
        await store.put({ key: key('a'), lease: -OWN - 1n });
        assert.equal((await get('a'))?.lease, -OWN - 1n);
        assert.deepEqual(await keysOf(-OWN - 1n), [key('a')]);
        await store.put({ key: key('a'), value: '2', ignore_lease: true });
        assert.deepEqual(await keysOf(-OWN - 1n), [key('a')]);
        await store.put({ key: key('a'), value: '3' });
        assert.equal((await get('a'))?.lease, 0n);
        assert.deepEqual(await keysOf(-OWN - 1n), []);
        await store.delete({ key: key('b') });
        assert.deepEqual(await keysOf(OWN + 1n), []);
        await store.revoke(OWN + 1n);
        await store.revoke(-OWN - 1n);
        assert.equal((await get('a'))?.value, '3');
      },
    },
    {
      name: 'B-51 a lease that nobody granted, and one given beside ignore_lease',
      run: async ({ store, key, put }) => {
        await refusedWith(store.put({ key: key(), lease: OWN + 2n }), 'LeaseNotFound');
        await refusedWith(
          store.txn({ success: [{ put: { key: key('x') } }, { put: { key: key('y'), lease: OWN + 2n } }] }),
          'LeaseNotFound',
        );
        assert.equal((await store.range({ key: key('x') })).count, 0, 'nothing of it was done');
        await put('b', '1');
        await refusedWith(store.put({ key: key('b'), lease: OWN + 2n, ignore_lease: true }), 'LeaseProvided');
      },
    },
    {
      name: 'B-52 revoking deletes every key of the lease in one revision',
      run: async ({ store, key, end }) => {
        await store.grant(60, OWN + 3n);
        for (const name of ['c', 'a', 'b']) await store.put({ key: key(name), lease: OWN + 3n });
        const { revision: last } = await store.put({ key: key('kept') });
        const { revision } = await store.revoke(OWN + 3n);
        assert.equal(revision, last + 1);
        const left = await store.range({ key: key(''), range_end: end('') });
        assert.deepEqual(
          left.kvs.map((kv) => kv.key),
          [key('kept')],
        );
        const before = await store.range({ key: key(''), range_end: end(''), revision: last });
        assert.equal(before.count, 4);
      },
    },
    {
      name: 'B-54 keepalive answers the full TTL, and 0 where there is no such lease',
      run: async ({ store }) => {
        await store.grant(60, OWN + 4n);
        assert.equal(await store.keepAlive(OWN + 4n), 60);
        assert.equal(await store.keepAlive(OWN + 4n), 60);
        await store.revoke(OWN + 4n);
        assert.equal(await store.keepAlive(OWN + 4n), 0);
      },
    },
    {
      name: 'B-55 timetolive: what remains, rounded down; -1 where there is no such lease',
      run: async ({ store }) => {
        await store.grant(60, OWN + 5n);
        const { ttl, granted, keys } = await store.timeToLive(OWN + 5n);
        assert.ok(ttl >= 50 && ttl <= 59, `${ttl} s remain of 60`);
        assert.deepEqual([granted, keys], [60, []]);
        await store.revoke(OWN + 5n);
        assert.deepEqual(await store.timeToLive(OWN + 5n, true), { ttl: -1, granted: 0, keys: [] });
      },
    },
  ],
};
