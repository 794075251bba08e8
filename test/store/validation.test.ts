/** Stateless checks: each error, and which comes first. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TxnOperation, TxnRequest } from '../../machines/language/commands.js';
import { type ErrorName, errors } from '../../machines/language/errors.js';
import { isReadOnly, isSerializable, validate } from '../../machines/language/validation.js';
import { ALL, compare, deleteRequest, putRequest, rangeRequest, txnRequest } from './kv-steps.js';

const put = (key: string): TxnOperation => ({ put: putRequest(key, 'v') });
const remove = (key: string, range_end: string | Uint8Array = ''): TxnOperation => ({
  delete: deleteRequest(key, { range_end }),
});
const nested = (success: TxnOperation[], failure: TxnOperation[] = []): TxnOperation => ({
  txn: txnRequest([], success, failure),
});

function expectTxn(txn: TxnRequest, error: ErrorName | null, txn_ops_max = 128): void {
  const got = validate({ op: 'kv.txn', body: txn }, { txn_ops_max });
  assert.equal(got?.message ?? null, error === null ? null : errors[error].message);
}
const expectList = (list: TxnOperation[], error: ErrorName | null): void => {
  expectTxn(txnRequest([], list), error);
  expectTxn(txnRequest([], [], list), error);
};

test('single requests: empty keys, and values and leases that ignore_… forbids', () => {
  const settings = { txn_ops_max: 128 };
  const textOf = (request: Parameters<typeof validate>[0]): string | undefined => validate(request, settings)?.message;
  assert.equal(textOf({ op: 'kv.range', body: rangeRequest('') }), errors.EmptyKey.message);
  assert.equal(textOf({ op: 'kv.delete', body: deleteRequest('') }), errors.EmptyKey.message);
  assert.equal(textOf({ op: 'kv.put', body: putRequest('', 'v', { ignore_value: true }) }), errors.EmptyKey.message);
  const both = putRequest('k', 'v', { ignore_value: true, ignore_lease: true, lease: 1n });
  assert.equal(textOf({ op: 'kv.put', body: both }), errors.ValueProvided.message);
  assert.equal(
    textOf({ op: 'kv.put', body: putRequest('k', '', { ignore_lease: true, lease: 1n }) }),
    errors.LeaseProvided.message,
  );
  assert.equal(textOf({ op: 'kv.put', body: putRequest('k', '') }), undefined);
  assert.equal(textOf({ op: 'kv.compact', body: { revision: -5, physical: false } }), undefined);
});

test('TooManyOps counts the longest list, comes before EmptyKey, and nested lists get what is left', () => {
  const puts = (count: number): TxnOperation[] => Array.from({ length: count }, (_, i) => put(`k${i}`));
  const empty = compare('', 'version', 'equal');
  expectTxn(txnRequest([], puts(2), puts(2)), null, 2);
  expectTxn(txnRequest([empty], puts(3)), 'TooManyOps', 2);
  expectTxn(txnRequest([empty], puts(2)), 'EmptyKey', 2);
  expectTxn(txnRequest([empty, empty, empty], []), 'TooManyOps', 2);
  expectTxn(txnRequest([], [nested(puts(2)), nested([put('x'), put('y')])]), null, 4);
  expectTxn(txnRequest([], [nested(puts(3)), nested([])]), 'TooManyOps', 4);
});

test('the first bad operation in list order names the error, success before failure, before duplicates', () => {
  expectTxn(txnRequest([], [put('a'), put('a'), put('')]), 'EmptyKey');
  expectTxn(txnRequest([], [{ put: putRequest('k', 'v', { ignore_value: true }) }], [put('')]), 'ValueProvided');
  expectTxn(txnRequest([], [], [nested([{ range: rangeRequest('') }])]), 'EmptyKey');
});

test('B-12: a key put twice, or put and deleted, in one list', () => {
  expectList([put('a'), put('a')], 'DuplicateKey');
  expectList([put('b'), remove('a', 'c')], 'DuplicateKey');
  expectList([remove('b'), put('b')], 'DuplicateKey');
  expectList([put('c'), remove('a', 'c')], null);
  expectList([remove('a', 'c'), remove('b')], null);
  expectList([{ range: rangeRequest('a', { range_end: ALL }) }, put('a')], null);
  expectTxn(txnRequest([], [put('a')], [put('a')]), null);
});

test('B-12: nested lists are flattened upward; the branches of one nested transaction may share a key', () => {
  expectList([put('a'), nested([put('a')])], 'DuplicateKey');
  expectList([nested([put('a')]), nested([], [put('a')])], 'DuplicateKey');
  expectList([nested([put('a')], [put('a')])], null);
  expectList([nested([put('a')], [put('a')]), put('a')], 'DuplicateKey');
  expectList([put('b'), nested([remove('a', 'c')])], 'DuplicateKey');
  expectList([remove('a', 'c'), nested([], [put('b')])], 'DuplicateKey');
  expectList([remove('a', 'c'), nested([put('b')], [put('b')])], 'DuplicateKey');
  expectList([nested([nested([put('a')])]), nested([put('a')])], 'DuplicateKey');
});

test('B-12: the gaps of the reference stay', () => {
  expectList([nested([put('a')]), nested([remove('a')])], null);
  expectList([nested([remove('a')]), nested([put('a')])], 'DuplicateKey');
  expectList([put('b'), remove('a', ALL)], null);
});

test('B-17: read-only transactions, and which of them may be local', () => {
  const local: TxnOperation = { range: rangeRequest('a', { serializable: true }) };
  const remote: TxnOperation = { range: rangeRequest('a') };
  assert.equal(isReadOnly(txnRequest([], [local], [remote])), true);
  assert.equal(isReadOnly(txnRequest([], [local], [put('a')])), false);
  assert.equal(isReadOnly(txnRequest([], [nested([])])), false);
  assert.equal(isReadOnly(txnRequest([], [remove('a')])), false);
  assert.equal(isSerializable(txnRequest([], [local], [local])), true);
  assert.equal(isSerializable(txnRequest([], [local], [remote])), false);
  assert.equal(isSerializable(txnRequest([compare('a', 'version', 'equal')], [])), false);
});
