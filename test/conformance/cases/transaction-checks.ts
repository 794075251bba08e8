/** What a transaction may not hold (B-12, B-13), and what is checked before anything of it is done (B-14). */
import assert from 'node:assert/strict';
import type { OpAsked } from '../driver.js';
import { refusedWith, type Desk, type Group } from '../suite.js';

const UNKNOWN_LEASE = 0x7abc_def0_1234_5679n;
const missing = (key: string) => ({ key, target: 'version', result: 'equal', given: 0 }) as const;

/** B-12, B-13: what counts as the same key twice. */
function duplicates(): Group['cases'] {
  const put = (key: string): OpAsked => ({ put: { key, value: 'v' } });
  const refused = (name: string, operations: (desk: Desk) => OpAsked[]) => ({
    name: `B-12 ${name} is refused`,
    run: async (desk: Desk) => {
      await refusedWith(desk.store.txn({ success: operations(desk) }), 'DuplicateKey');
      await refusedWith(desk.store.txn({ failure: operations(desk) }), 'DuplicateKey');
      assert.equal((await desk.store.range({ key: desk.key(), range_end: desk.end() })).count, 0);
    },
  });
  const allowed = (name: string, operations: (desk: Desk) => OpAsked[]) => ({
    name: `B-12 ${name} is allowed`,
    run: async (desk: Desk) => {
      assert.equal((await desk.store.txn({ success: operations(desk) })).succeeded, true);
    },
  });
  return [
    refused('B-13 the same key put twice', ({ key }) => [put(key('k')), put(key('k'))]),
    refused('a put inside a deleted range', ({ key, end }) => [
      put(key('k')),
      { delete: { key: key(), range_end: end() } },
    ]),
    refused('a put of a deleted key', ({ key }) => [{ delete: { key: key('k') } }, put(key('k'))]),
    refused('a put here and in a nested transaction', ({ key }) => [
      put(key('k')),
      { txn: { success: [put(key('k'))] } },
    ]),
    refused('a put here and in the other branch of a nested one', ({ key }) => [
      put(key('k')),
      { txn: { failure: [put(key('k'))] } },
    ]),
    refused('a put in two nested transactions', ({ key }) => [
      { txn: { success: [put(key('k'))] } },
      { txn: { failure: [put(key('k'))] } },
    ]),
    refused('a put that a nested transaction deletes', ({ key, end }) => [
      put(key('k')),
      { txn: { success: [{ delete: { key: key(), range_end: end() } }] } },
    ]),
    allowed('a put in both branches of one nested transaction', ({ key }) => [
      { txn: { success: [put(key('k'))], failure: [put(key('k'))] } },
    ]),
    allowed('two deletes of one range', ({ key, end }) => [
      { delete: { key: key(), range_end: end() } },
      { delete: { key: key(), range_end: end() } },
    ]),
    allowed('a range over what is put or deleted', ({ key, end }) => [
      { range: { key: key(), range_end: end() } },
      put(key('k')),
      { range: { key: key(), range_end: end() } },
      { delete: { key: key('l') } },
    ]),
    allowed('a put at the exclusive end of a deleted range', ({ key }) => [
      put(key('m')),
      { delete: { key: key('k'), range_end: key('m') } },
    ]),
    {
      name: 'B-12 the two branches of a transaction may put the same key',
      run: async ({ store, key, get }) => {
        const txn = await store.txn({
          compare: [missing(key('k'))],
          success: [{ put: { key: key('k'), value: 'success' } }],
          failure: [{ put: { key: key('k'), value: 'failure' } }],
        });
        assert.equal(txn.succeeded, true);
        assert.equal((await get('k'))?.value, 'success');
      },
    },
  ];
}

/** B-14 and validation: one bad operation, and nothing of the transaction happens. */
function checks(): Group['cases'] {
  const refusal = (
    name: string,
    error: Parameters<typeof refusedWith>[1],
    bad: (desk: Desk) => OpAsked | Promise<OpAsked>,
  ) => ({
    name,
    run: async (desk: Desk) => {
      const operation = await bad(desk);
      const before = await desk.revision();
      const good: OpAsked = { put: { key: desk.key('good'), value: 'v' } };
      await refusedWith(desk.store.txn({ success: [good, operation] }), error);
      await refusedWith(desk.store.txn({ success: [good, { txn: { success: [operation] } }] }), error);
      assert.equal(await desk.get('good'), undefined);
      assert.equal(await desk.revision(), before);
    },
  });
  return [
    refusal('B-14 an unknown lease stops the whole transaction', 'LeaseNotFound', ({ key }) => ({
      put: { key: key('k'), value: 'v', lease: UNKNOWN_LEASE },
    })),
    refusal('B-14 ignore_value of a missing key stops it', 'KeyNotFound', ({ key }) => ({
      put: { key: key('k'), ignore_value: true },
    })),
    refusal('B-14 ignore_lease of a missing key stops it', 'KeyNotFound', ({ key }) => ({
      put: { key: key('k'), value: 'v', ignore_lease: true },
    })),
    refusal('B-14 a range at a future revision stops it', 'FutureRev', async ({ key, revision }) => ({
      range: { key: key('k'), revision: (await revision()) + 1000 },
    })),
    refusal('an empty key of a range is refused', 'EmptyKey', () => ({ range: { key: '' } })),
    refusal('an empty key of a put is refused', 'EmptyKey', () => ({ put: { key: '', value: 'v' } })),
    refusal('an empty key of a delete is refused', 'EmptyKey', () => ({ delete: { key: '' } })),
    refusal('an empty key of a nested comparison is refused', 'EmptyKey', () => ({ txn: { compare: [missing('')] } })),
    refusal('a value beside ignore_value is refused', 'ValueProvided', ({ key }) => ({
      put: { key: key('k'), value: 'v', ignore_value: true },
    })),
    refusal('a lease beside ignore_lease is refused', 'LeaseProvided', ({ key }) => ({
      put: { key: key('k'), value: 'v', ignore_lease: true, lease: 1n },
    })),
    {
      name: 'an empty key is refused in the branch that does not run, too',
      run: async ({ store, key }) => {
        const failure = [{ put: { key: '', value: 'v' } }];
        await refusedWith(store.txn({ compare: [missing(key('k'))], failure }), 'EmptyKey');
        await refusedWith(store.txn({ compare: [missing('')] }), 'EmptyKey');
      },
    },
    {
      name: 'B-14 what only the branch that does not run would refuse is not looked at',
      run: async ({ store, key, get }) => {
        const txn = await store.txn({
          compare: [missing(key('k'))],
          success: [{ put: { key: key('k'), value: 'v' } }],
          failure: [{ put: { key: key('absent'), ignore_value: true } }],
        });
        assert.equal(txn.succeeded, true);
        assert.equal((await get('k'))?.value, 'v');
      },
    },
    {
      name: 'B-14 the checks see the state before the transaction',
      run: async ({ store, key, get, put }) => {
        await put('there', 'kept');
        await store.txn({
          success: [{ put: { key: key('new'), value: 'v' } }, { put: { key: key('there'), ignore_value: true } }],
        });
        assert.equal((await get('there'))?.value, 'kept');
        const future = store.txn({
          success: [
            { put: { key: key('x'), value: 'v' } },
            { txn: { success: [{ put: { key: key('y'), ignore_value: true } }] } },
          ],
        });
        await refusedWith(future, 'KeyNotFound');
      },
    },
  ];
}

export const transactionChecks: Group = { title: 'transactions, refused', cases: [...duplicates(), ...checks()] };
