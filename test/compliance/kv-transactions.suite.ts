/** Transactions: B-11 … B-20. */
import assert from 'node:assert/strict';
import { type ErrorName } from '../../machines/language/errors.js';
import { ALL, compare, plain, put, putRequest, rangeRequest, remove, txn, txnRequest } from '../store/kv-steps.js';
import { refusedAs, isError, type Desk, type KvTest } from './kv-desk.js';

export function describeTransactions(kvTest: KvTest): void {
  const holds = async ({ run }: Desk, ...compares: ReturnType<typeof compare>[]): Promise<boolean> => {
    const decision = await run(txn(compares, []));
    assert.ok(decision.type === 'txn');
    return decision.txn.succeeded;
  };

  kvTest('comparisons: each target and result, stored ⟨result⟩ given', async (desk) => {
    await desk.run(put('a', 'm'), put('a', 'n'));
    assert.equal(await holds(desk, compare('a', 'version', 'equal', { version: 2 })), true);
    assert.equal(await holds(desk, compare('a', 'version', 'greater', { version: 2 })), false);
    assert.equal(await holds(desk, compare('a', 'create', 'less', { create_revision: 3 })), true);
    assert.equal(await holds(desk, compare('a', 'mod', 'not_equal', { mod_revision: 3 })), false);
    assert.equal(await holds(desk, compare('a', 'value', 'greater', { value: 'm' })), true);
    assert.equal(await holds(desk, compare('a', 'lease', 'equal')), true);
    assert.equal(
      await holds(desk, compare('a', 'version', 'equal', { version: 2 }), compare('a', 'mod', 'equal')),
      false,
    );
  });

  kvTest('a missing key compares as zeros, and never by value; B-19 so does an empty range', async (desk) => {
    assert.equal(await holds(desk, compare('a', 'version', 'equal')), true);
    assert.equal(await holds(desk, compare('a', 'create', 'equal', { range_end: 'c' })), true);
    for (const result of ['equal', 'not_equal', 'greater', 'less'] as const) {
      assert.equal(await holds(desk, compare('a', 'value', result)), false);
      assert.equal(await holds(desk, compare('a', 'value', result, { range_end: 'c' })), false);
    }
  });

  kvTest('B-19 a comparison over a range holds when it does for every key', async (desk) => {
    await desk.run(put('a', '1'), put('b', '1'), put('b', '1'), put('c', '2'));
    assert.equal(await holds(desk, compare('a', 'value', 'equal', { range_end: 'c', value: '1' })), true);
    assert.equal(await holds(desk, compare('a', 'value', 'equal', { range_end: ALL, value: '1' })), false);
    assert.equal(await holds(desk, compare('a', 'version', 'equal', { range_end: 'c', version: 1 })), false);
  });

  kvTest('B-11 comparisons, nested ones too, see the state before the transaction', async ({ run }) => {
    const inner = txnRequest([compare('a', 'version', 'equal')], [{ put: putRequest('b', 'absent') }], []);
    const decision = await run(txn([], [{ put: putRequest('a', '1') }, { txn: inner }]));
    assert.ok(decision.type === 'txn');
    const nested = decision.txn.responses[1];
    assert.ok(nested !== undefined && 'txn' in nested);
    assert.equal(nested.txn.succeeded, true);
  });

  kvTest('B-06 B-16 operations run in order and see what came before them', async ({ run }) => {
    await run(put('b', 'old'));
    const all = { range: rangeRequest(ALL, { range_end: ALL }) };
    const past = { range: rangeRequest(ALL, { range_end: ALL, revision: 2 }) };
    const decision = await run(
      txn([], [all, { put: putRequest('a', '1') }, all, past, { delete: { ...remove('b').delete } }, all]),
    );
    assert.ok(decision.type === 'txn');
    const keys = decision.txn.responses.map((response) =>
      'range' in response ? response.range.kvs.map((row) => plain(row.key)).join('') : '-',
    );
    assert.deepEqual(keys, ['b', '-', 'ab', 'b', '-', 'a']);
    assert.equal(decision.txn.revision, 3, 'B-18');
  });

  kvTest('B-14 one operation that cannot be done, and nothing is', async ({ run, store }) => {
    await run(put('k', '1'));
    const first = { put: putRequest('a', '1') };
    const bad = async (operation: Parameters<typeof txnRequest>[1][number], error: ErrorName): Promise<void> => {
      isError(await run(txn([], [first, operation])), error, 2);
      isError(await run(txn([], [first, { txn: txnRequest([], [operation]) }])), error, 2);
    };
    await bad({ put: putRequest('b', '', { ignore_value: true }) }, 'KeyNotFound');
    // The check looks at the state before: the key that the transaction itself makes does not count.
    await bad({ put: putRequest('a', '', { ignore_lease: true }) }, 'KeyNotFound');
    await bad({ put: putRequest('b', '', { lease: 1n }) }, 'LeaseNotFound');
    await bad({ range: rangeRequest('a', { revision: 3 }) }, 'FutureRev');
    assert.equal(store.status.revision, 2);
    const other = await run(
      txn([compare('a', 'version', 'equal')], [first], [{ range: rangeRequest('a', { revision: 9 }) }]),
    );
    assert.equal(other.type, 'txn', 'the branch that does not run is not checked');
  });

  kvTest('B-20 a failed comparison is no error: the other list runs', async ({ run, rows }) => {
    const decision = await run(
      txn([compare('a', 'version', 'greater')], [{ put: putRequest('a', 'then') }], [{ put: putRequest('a', 'else') }]),
    );
    assert.ok(decision.type === 'txn' && !decision.txn.succeeded);
    assert.deepEqual(await rows(), ['a=else@2']);
  });

  kvTest(
    'B-12 where the gaps let a key be put and deleted in one revision, the order decides',
    async ({ run, rows, driver }) => {
      await run(put('b', '1'));
      const sibling = (operation: Parameters<typeof txnRequest>[1][number]) => ({ txn: txnRequest([], [operation]) });
      const written = await driver.runForWritten(
        txn([], [sibling({ put: putRequest('a', '1') }), sibling({ delete: remove('a').delete })]),
        txn([], [{ delete: remove('a', { range_end: ALL }).delete }, { put: putRequest('b', '2') }]),
      );
      assert.deepEqual(await rows(), ['b=2@4']);
      assert.deepEqual(
        written.events.map(({ revision, events }) => [revision, events.map((event) => event.type).join()]),
        [
          [3, 'put,delete'],
          [4, 'delete,put'],
        ],
      );
    },
  );

  kvTest('B-17 read-only transactions read the written state at one revision', async ({ run, store, driver }) => {
    await run(put('a', '1'));
    await driver.decide(put('a', '2'));
    const all = { range: rangeRequest(ALL, { range_end: ALL }) };
    const result = await store.read(txnRequest([compare('a', 'value', 'equal', { value: '1' })], [all], []));
    assert.equal(result.succeeded, true);
    assert.equal(result.revision, 2);
    await assert.rejects(
      store.read(txnRequest([], [{ range: rangeRequest('a', { revision: 3 }) }])),
      refusedAs('FutureRev'),
    );
    await store.write();
  });
}
