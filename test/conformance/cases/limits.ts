/** What is too much (reference 1.1 and 2.9). */
import assert from 'node:assert/strict';
import type { OpAsked, TxnAsked } from '../driver.js';
import { refusedWith, type Desk, type Group } from '../suite.js';

const puts = (desk: Desk, count: number, from = 0): OpAsked[] =>
  Array.from({ length: count }, (_, i) => ({ put: { key: desk.key(`k${from + i}`), value: 'v' } }));
const compares = (desk: Desk, count: number) =>
  Array.from({ length: count }, (_, i) => {
    return { key: desk.key(`k${i}`), target: 'version', result: 'equal', given: 0 } as const;
  });

export const limits: Group = {
  title: 'limits',
  cases: [
    {
      name: '128 operations are allowed in each list of a transaction, not summed',
      run: async (desk) => {
        const txn = await desk.store.txn({
          compare: compares(desk, 128),
          success: puts(desk, 128),
          failure: puts(desk, 128),
        });
        assert.deepEqual([txn.succeeded, txn.responses.length], [true, 128]);
        assert.equal((await desk.store.range({ key: desk.key(), range_end: desk.end(), count_only: true })).count, 128);
      },
    },
    {
      name: '129 operations in any list are refused, and nothing is done',
      run: async (desk) => {
        const revision = await desk.revision();
        await refusedWith(desk.store.txn({ compare: compares(desk, 129) }), 'TooManyOps');
        await refusedWith(desk.store.txn({ success: puts(desk, 129) }), 'TooManyOps');
        await refusedWith(desk.store.txn({ failure: puts(desk, 129) }), 'TooManyOps');
        assert.equal(await desk.revision(), revision);
      },
    },
    {
      name: 'a nested transaction has what its parent leaves, and siblings do not share it',
      run: async (desk) => {
        const nested = (count: number, from: number): OpAsked => ({ txn: { success: puts(desk, count, from) } });
        const fits: TxnAsked = { success: [nested(126, 0), nested(126, 200)] };
        assert.equal((await desk.store.txn(fits)).succeeded, true);
        await refusedWith(desk.store.txn({ success: [nested(126, 0), nested(127, 200)] }), 'TooManyOps');
      },
    },
    {
      name: 'the number of operations is looked at before the keys',
      run: async (desk) => {
        const empty = Array.from({ length: 129 }, (): OpAsked => ({ put: { key: '', value: 'v' } }));
        await refusedWith(desk.store.txn({ success: empty }), 'TooManyOps');
      },
    },
    {
      name: 'a request of just under 1.5 MiB is taken',
      run: async (desk) => {
        const value = 'v'.repeat(1536 * 1024 - 512);
        await desk.put('big', value);
        assert.equal((await desk.get('big'))?.value.length, value.length);
      },
    },
    {
      name: 'a request over 1.5 MiB is refused, and nothing is written',
      run: async (desk) => {
        const revision = await desk.revision();
        await refusedWith(
          desk.store.put({ key: desk.key('k'), value: 'v'.repeat(1536 * 1024 + 1) }),
          'RequestTooLarge',
        );
        const half = 'v'.repeat(800 * 1024);
        const success = ['a', 'b'].map((name): OpAsked => ({ put: { key: desk.key(name), value: half } }));
        await refusedWith(desk.store.txn({ success }), 'RequestTooLarge');
        assert.equal(await desk.revision(), revision);
      },
    },
    {
      name: 'an answer may be larger than a request',
      run: async (desk) => {
        const value = 'v'.repeat(600 * 1024);
        for (const name of ['a', 'b', 'c', 'd']) await desk.put(name, value);
        const answer = await desk.store.range({ key: desk.key(), range_end: desk.end() });
        assert.deepEqual(
          answer.kvs.map((kv) => kv.value.length),
          [value.length, value.length, value.length, value.length],
        );
      },
    },
  ],
};
