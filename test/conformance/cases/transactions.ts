/** KV.Txn: what its operations do and answer (reference 1.1; B-11, B-16 to B-22). */
import assert from 'node:assert/strict';
import type { Group } from '../suite.js';

const exists = (key: string) => ({ key, target: 'version', result: 'greater', given: 0 }) as const;
const missing = (key: string) => ({ key, target: 'version', result: 'equal', given: 0 }) as const;

export const transactions: Group = {
  title: 'transactions',
  cases: [
    {
      name: 'an empty transaction succeeds, changes nothing and answers nothing',
      run: async ({ store, revision }) => {
        const before = await revision();
        assert.deepEqual(await store.txn({}), { revision: before, succeeded: true, responses: [] });
      },
    },
    {
      name: 'each operation of the branch has its answer, in order',
      run: async ({ store, key, end, put }) => {
        const at = await put('a', '1');
        const txn = await store.txn({
          compare: [exists(key('a'))],
          success: [
            { range: { key: key(), range_end: end() } },
            { put: { key: key('b'), value: '2' } },
            { put: { key: key('a'), value: '3', prev_kv: true } },
            { delete: { key: key('c') } },
            { range: { key: key(), range_end: end(), count_only: true } },
          ],
          failure: [{ put: { key: key('never'), value: 'x' } }],
        });
        const a = { key: key('a'), value: '1', create_revision: at, mod_revision: at, version: 1, lease: 0n };
        assert.deepEqual(txn, {
          revision: at + 1,
          succeeded: true,
          responses: [
            { range: { kvs: [a], more: false, count: 1 } },
            { put: { prev_kv: null } },
            { put: { prev_kv: a } },
            { delete: { deleted: 0, prev_kvs: [] } },
            { range: { kvs: [], more: false, count: 2 } },
          ],
        });
      },
    },
    {
      name: 'B-06 a range inside a transaction may count, limit and sort',
      run: async ({ store, key, end, put }) => {
        for (const name of ['a', 'b', 'c']) await put(name, name);
        const txn = await store.txn({
          success: [
            { range: { key: key(), range_end: end(), limit: 1, sort_order: 'descend', sort_target: 'key' } },
            { range: { key: key(), range_end: end(), keys_only: true, limit: 2 } },
          ],
        });
        const [first, second] = txn.responses;
        assert.ok(first !== undefined && 'range' in first && second !== undefined && 'range' in second);
        assert.deepEqual([first.range.kvs[0]?.value, first.range.more, first.range.count], ['c', true, 3]);
        assert.deepEqual([second.range.kvs.map((kv) => kv.value), second.range.more], [['', ''], true]);
      },
    },
    {
      name: 'B-11 all comparisons see the state before the transaction, those of nested ones too',
      run: async ({ store, key, get }) => {
        const txn = await store.txn({
          success: [
            { put: { key: key('k'), value: 'parent' } },
            {
              txn: {
                compare: [missing(key('k'))],
                success: [{ range: { key: key('k') } }],
                failure: [{ put: { key: key('wrong'), value: 'x' } }],
              },
            },
          ],
        });
        const nested = txn.responses[1];
        assert.ok(nested !== undefined && 'txn' in nested);
        assert.equal(nested.txn.succeeded, true);
        const read = nested.txn.responses[0];
        assert.ok(read !== undefined && 'range' in read);
        assert.equal(read.range.kvs[0]?.value, 'parent', 'a range sees what the parent wrote');
        assert.equal(await get('wrong'), undefined);
      },
    },
    {
      name: 'B-16 operations run in order: what is deleted can be read before and not after',
      run: async ({ store, key, put }) => {
        await put('k', 'v');
        const txn = await store.txn({
          success: [{ range: { key: key('k') } }, { delete: { key: key('k') } }, { range: { key: key('k') } }],
        });
        const counts = txn.responses.map((one) =>
          'range' in one ? one.range.count : 'delete' in one ? one.delete.deleted : -1,
        );
        assert.deepEqual(counts, [1, 1, 0]);
      },
    },
    {
      name: 'B-17 a transaction that only reads takes no revision',
      run: async ({ store, key, put, revision }) => {
        const at = await put('k', 'v');
        const txn = await store.txn({
          compare: [exists(key('k'))],
          success: [{ range: { key: key('k') } }],
          failure: [{ range: { key: key('other') } }],
        });
        assert.deepEqual([txn.revision, txn.succeeded, txn.responses.length], [at, true, 1]);
        const stale = await store.txn({ success: [{ range: { key: key('k'), serializable: true } }] });
        assert.equal(stale.succeeded, true);
        assert.equal(await revision(), at);
      },
    },
    {
      name: 'B-18 the header shows the new revision when something changed, else the current one',
      run: async ({ store, key, put }) => {
        const at = await put('k', 'v');
        const changed = await store.txn({ success: [{ put: { key: key('k'), value: 'w' } }] });
        assert.equal(changed.revision, at + 1);
        const idle = await store.txn({ success: [{ range: { key: key('k') } }, { delete: { key: key('none') } }] });
        assert.equal(idle.revision, at + 1);
      },
    },
    {
      name: 'B-20 comparisons that fail run the failure list, which may be empty',
      run: async ({ store, key, put, get }) => {
        const at = await put('k', 'v');
        const lost = await store.txn({
          compare: [missing(key('k'))],
          failure: [{ put: { key: key('f'), value: '1' } }],
        });
        assert.deepEqual(
          [lost.succeeded, lost.revision, lost.responses],
          [false, at + 1, [{ put: { prev_kv: null } }]],
        );
        assert.equal((await get('f'))?.mod_revision, at + 1);
        const empty = await store.txn({ compare: [missing(key('k'))], success: [{ delete: { key: key('k') } }] });
        assert.deepEqual([empty.succeeded, empty.responses], [false, []]);
      },
    },
    {
      name: 'B-22 compare-and-swap by many at once loses no increment',
      run: async ({ store, key, put, get }) => {
        await put('n', '0');
        const add = async (): Promise<void> => {
          for (;;) {
            const now = await get('n');
            assert.ok(now !== undefined);
            const swap = await store.txn({
              compare: [{ key: key('n'), target: 'mod', result: 'equal', given: now.mod_revision }],
              success: [{ put: { key: key('n'), value: String(Number(now.value) + 1) } }],
            });
            if (swap.succeeded) return;
          }
        };
        await Promise.all(Array.from({ length: 12 }, add));
        const kv = await get('n');
        assert.deepEqual([kv?.value, kv?.version], ['12', 13]);
      },
    },
  ],
};
