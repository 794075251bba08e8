/** Puts, deletes, ranges and transactions as rows; words and flags as small numbers. */
import type {
  Compare,
  CompareResult,
  CompareTarget,
  DeleteRequest,
  PutRequest,
  RangeRequest,
  SortOrder,
  SortTarget,
  TxnOperation,
  TxnRequest,
} from './commands.js';
import { invariant } from './invariant.js';
import { limits } from './limits.js';
import { bytes, count, DecodeError, integer, list, refuse, type Row, row, signed64, word } from './rows.js';

const sortOrders: readonly SortOrder[] = ['none', 'ascend', 'descend'];
const sortTargets: readonly SortTarget[] = ['key', 'version', 'create', 'mod', 'value'];
const compareResults: readonly CompareResult[] = ['equal', 'greater', 'less', 'not_equal'];
const compareTargets: readonly CompareTarget[] = ['version', 'create', 'mod', 'value', 'lease'];
/** The first value of an operation's row, within a transaction too. */
export const operationKinds = { put: 0, delete: 1, txn: 2, compact: 3, range: 4, lease: 5 } as const;
const kind = operationKinds;
const bit = (set: boolean, mask: number): number => (set ? mask : 0);

/** A put that makes its own lease has a sixth value; all others are as they were in version 1. */
export function putToRow(put: PutRequest): Row {
  const flags = bit(put.prev_kv, 1) | bit(put.ignore_value, 2) | bit(put.ignore_lease, 4);
  const head = [kind.put, put.key, put.value, put.lease, flags];
  return put.ttl_ms === 0 ? head : [...head, put.ttl_ms];
}

export function putFromRow(value: Row): PutRequest {
  const [, key, stored, lease, flags, ttl_ms] = row(value, value.length === 6 ? 6 : 5, 'put');
  const bits = flagsOf(flags, 7, 'put.flags');
  return {
    key: bytes(key, 'put.key'),
    value: bytes(stored, 'put.value'),
    lease: signed64(lease, 'put.lease'),
    prev_kv: (bits & 1) !== 0,
    ignore_value: (bits & 2) !== 0,
    ignore_lease: (bits & 4) !== 0,
    ttl_ms: ttl_ms === undefined ? 0 : count(ttl_ms, 'put.ttl_ms'),
  };
}

export const deleteToRow = (request: DeleteRequest): Row => [
  kind.delete,
  request.key,
  request.range_end,
  bit(request.prev_kv, 1),
];

export function deleteFromRow(value: Row): DeleteRequest {
  const [, key, range_end, flags] = row(value, 4, 'delete');
  return {
    key: bytes(key, 'delete.key'),
    range_end: bytes(range_end, 'delete.range_end'),
    prev_kv: flagsOf(flags, 1, 'delete.flags') === 1,
  };
}

export function txnToRow(txn: TxnRequest, depth: number): Row {
  invariant(depth <= limits.txn_depth_max, 'a transaction is nested no deeper than was validated', { depth });
  const operations = (list: readonly TxnOperation[]): Row => list.map((one) => txnOperationToRow(one, depth));
  return [kind.txn, txn.compare.map(compareToRow), operations(txn.success), operations(txn.failure)];
}

export function txnFromRow(value: Row, depth: number): TxnRequest {
  if (depth > limits.txn_depth_max) throw new DecodeError(`txn: nested deeper than ${limits.txn_depth_max}`);
  const [, compare, success, failure] = row(value, 4, 'txn');
  return {
    compare: list(compare, 'txn.compare').map(compareFromRow),
    success: list(success, 'txn.success').map((one) => txnOperationFromRow(one, depth)),
    failure: list(failure, 'txn.failure').map((one) => txnOperationFromRow(one, depth)),
  };
}

function txnOperationToRow(operation: TxnOperation, depth: number): Row {
  if ('put' in operation) return putToRow(operation.put);
  if ('delete' in operation) return deleteToRow(operation.delete);
  if ('range' in operation) return rangeToRow(operation.range);
  return txnToRow(operation.txn, depth + 1);
}

function txnOperationFromRow(value: unknown, depth: number): TxnOperation {
  const values = list(value, 'txn operation');
  switch (values[0]) {
    case kind.put:
      return { put: putFromRow(values) };
    case kind.delete:
      return { delete: deleteFromRow(values) };
    case kind.range:
      return { range: rangeFromRow(values) };
    case kind.txn:
      return { txn: txnFromRow(values, depth + 1) };
    default:
      return refuse('txn operation', 'a range, put, delete or txn', values[0]);
  }
}

const rangeToRow = (range: RangeRequest): Row => [
  kind.range,
  range.key,
  range.range_end,
  range.limit,
  range.revision,
  sortOrders.indexOf(range.sort_order),
  sortTargets.indexOf(range.sort_target),
  bit(range.serializable, 1) | bit(range.keys_only, 2) | bit(range.count_only, 4),
  range.min_mod_revision,
  range.max_mod_revision,
  range.min_create_revision,
  range.max_create_revision,
];

function rangeFromRow(value: Row): RangeRequest {
  const values = row(value, 12, 'range');
  const bits = flagsOf(values[7], 7, 'range.flags');
  return {
    key: bytes(values[1], 'range.key'),
    range_end: bytes(values[2], 'range.range_end'),
    limit: integer(values[3], 'range.limit'),
    revision: integer(values[4], 'range.revision'),
    sort_order: word(sortOrders, values[5], 'range.sort_order'),
    sort_target: word(sortTargets, values[6], 'range.sort_target'),
    serializable: (bits & 1) !== 0,
    keys_only: (bits & 2) !== 0,
    count_only: (bits & 4) !== 0,
    min_mod_revision: integer(values[8], 'range.min_mod_revision'),
    max_mod_revision: integer(values[9], 'range.max_mod_revision'),
    min_create_revision: integer(values[10], 'range.min_create_revision'),
    max_create_revision: integer(values[11], 'range.max_create_revision'),
  };
}

const compareToRow = (compare: Compare): Row => [
  compareResults.indexOf(compare.result),
  compareTargets.indexOf(compare.target),
  compare.key,
  compare.range_end,
  compare.version,
  compare.create_revision,
  compare.mod_revision,
  compare.value,
  compare.lease,
];

function compareFromRow(value: unknown): Compare {
  const values = row(value, 9, 'compare');
  return {
    result: word(compareResults, values[0], 'compare.result'),
    target: word(compareTargets, values[1], 'compare.target'),
    key: bytes(values[2], 'compare.key'),
    range_end: bytes(values[3], 'compare.range_end'),
    version: integer(values[4], 'compare.version'),
    create_revision: integer(values[5], 'compare.create_revision'),
    mod_revision: integer(values[6], 'compare.mod_revision'),
    value: bytes(values[7], 'compare.value'),
    lease: signed64(values[8], 'compare.lease'),
  };
}

function flagsOf(value: unknown, mask: number, what: string): number {
  const bits = count(value, what);
  if ((bits & ~mask) !== 0 || bits > mask) throw new DecodeError(`${what}: ${bits} has bits that mean nothing here`);
  return bits;
}
