/**
 * What is wrong with a request by itself, before any state is looked at: the reference's checks in the reference's
 * order. Word fields (sort order, comparison) are checked where they are read from the wire.
 */
import { compareBytes, toHex } from './bytes.js';
import type { CompactRequest, DeleteRequest, PutRequest, RangeRequest, TxnOperation, TxnRequest } from './commands.js';
import type { CoordinationRequest } from './coordination.js';
import type { LeaseGrantRequest } from './leases.js';
import { type ErrorName, errorOf, type QuorateError } from './errors.js';
import { limits } from './limits.js';

/** The requests that can be wrong by themselves; all others pass. */
export type CheckedRequest =
  | { readonly op: 'kv.range'; readonly body: RangeRequest }
  | { readonly op: 'kv.put'; readonly body: PutRequest }
  | { readonly op: 'kv.delete'; readonly body: DeleteRequest }
  | { readonly op: 'kv.txn'; readonly body: TxnRequest }
  | { readonly op: 'kv.compact'; readonly body: CompactRequest }
  | { readonly op: 'lease.grant'; readonly body: LeaseGrantRequest }
  | { readonly op: 'lease.revoke' | 'lease.keepalive' | 'lease.timetolive' | 'lease.list' }
  | CoordinationRequest
  | { readonly op: 'cluster.list' | 'maintenance.status' | 'maintenance.hashkv' | 'watch.history' };

export function validate(request: CheckedRequest, settings: { readonly txn_ops_max: number }): QuorateError | null {
  const error = errorIn(request, settings.txn_ops_max);
  return error === null ? null : errorOf(error);
}

function errorIn(request: CheckedRequest, ops_max: number): ErrorName | null {
  switch (request.op) {
    case 'kv.range':
    case 'kv.delete':
      return isEmpty(request.body.key) ? 'EmptyKey' : null;
    case 'kv.put':
      return errorInPut(request.body);
    case 'kv.txn':
      return errorInTxn(request.body, ops_max, 1) ?? duplicateIn(request.body);
    case 'lease.grant':
      return request.body.ttl_ms > limits.lease_ttl_ms_max ? 'LeaseTTLTooLarge' : null;
    case 'lock.lock':
    case 'election.campaign':
      return request.body.ttl_ms > limits.lease_ttl_ms_max ? 'LeaseTTLTooLarge' : null;
    case 'lock.unlock':
    case 'election.proclaim':
    case 'election.leader':
    case 'election.observe':
    case 'election.resign':
    case 'kv.compact':
    case 'lease.revoke':
    case 'lease.keepalive':
    case 'lease.timetolive':
    case 'lease.list':
    case 'cluster.list':
    case 'maintenance.status':
    case 'maintenance.hashkv':
    case 'watch.history':
      return null;
  }
}

const isEmpty = (bytes: Uint8Array): boolean => bytes.length === 0;

function errorInPut(put: PutRequest): ErrorName | null {
  if (isEmpty(put.key)) return 'EmptyKey';
  if (put.ignore_value && !isEmpty(put.value)) return 'ValueProvided';
  if (put.ttl_ms > limits.lease_ttl_ms_max) return 'LeaseTTLTooLarge';
  return put.ignore_lease && (put.lease !== 0n || put.ttl_ms > 0) ? 'LeaseProvided' : null;
}

/** A nested transaction gets what its parent leaves of the budget; its siblings get the same. */
function errorInTxn(txn: TxnRequest, ops_max: number, depth: number): ErrorName | null {
  const count = Math.max(txn.compare.length, txn.success.length, txn.failure.length);
  if (count > ops_max || depth > limits.txn_depth_max) return 'TooManyOps';
  if (txn.compare.some((compare) => isEmpty(compare.key))) return 'EmptyKey';
  for (const operation of [...txn.success, ...txn.failure]) {
    const error = errorInOperation(operation, ops_max - count, depth);
    if (error !== null) return error;
  }
  return null;
}

function errorInOperation(operation: TxnOperation, ops_max: number, depth: number): ErrorName | null {
  if ('txn' in operation) return errorInTxn(operation.txn, ops_max, depth + 1);
  if ('put' in operation) return errorInPut(operation.put);
  return isEmpty('range' in operation ? operation.range.key : operation.delete.key) ? 'EmptyKey' : null;
}

/* ---- duplicate keys (B-12) ------------------------------------------------------------------------------------ */

/** What a list writes: keys put, as hex, and deleted intervals. */
interface Touched {
  readonly puts: Map<string, Uint8Array>;
  readonly deletes: DeleteRequest[];
}

const duplicateIn = (txn: TxnRequest): ErrorName | null =>
  touchedBy(txn.success) === null || touchedBy(txn.failure) === null ? 'DuplicateKey' : null;

/**
 * What the list and all below it touch, or null where a key is put twice, or put and deleted. In the reference's
 * order: the list's own deletes, then its nested transactions one after the other, then its own puts. So a put in an
 * earlier nested transaction and a delete in a later one pass (a gap that clients know); execution order decides then.
 */
function touchedBy(operations: readonly TxnOperation[]): Touched | null {
  const all: Touched = { puts: new Map(), deletes: [] };
  for (const operation of operations) if ('delete' in operation) all.deletes.push(operation.delete);
  for (const operation of operations) if ('txn' in operation && !addNested(all, operation.txn)) return null;
  for (const operation of operations) {
    if ('put' in operation && !addPut(all, toHex(operation.put.key), operation.put.key)) return null;
  }
  return all;
}

/** The two branches of one transaction never run both: a key may be put in each. */
function addNested(all: Touched, txn: TxnRequest): boolean {
  const success = touchedBy(txn.success);
  const failure = touchedBy(txn.failure);
  if (success === null || failure === null) return false;
  for (const [name, key] of success.puts) if (!addPut(all, name, key)) return false;
  for (const [name, key] of failure.puts) {
    const isInOtherBranch = success.puts.has(name);
    if (isInOtherBranch ? isDeleted(all, key) : !addPut(all, name, key)) return false;
  }
  all.deletes.push(...success.deletes, ...failure.deletes);
  return true;
}

function addPut(all: Touched, name: string, key: Uint8Array): boolean {
  if (all.puts.has(name) || isDeleted(all, key)) return false;
  all.puts.set(name, key);
  return true;
}

/** A range end of "\0" is taken literally here, as the reference does: such a delete meets no put. */
const isDeleted = (all: Touched, key: Uint8Array): boolean =>
  all.deletes.some((request) => {
    const order = compareBytes(key, request.key);
    return isEmpty(request.range_end) ? order === 0 : order >= 0 && compareBytes(key, request.range_end) < 0;
  });

/** A put in it, on whatever branch and however deep, has a TTL and so a lease of its own. */
export const makesLease = (txn: TxnRequest): boolean =>
  [...txn.success, ...txn.failure].some((operation) =>
    'txn' in operation ? makesLease(operation.txn) : 'put' in operation && operation.put.ttl_ms > 0,
  );

/* ---- reads among transactions (B-17) -------------------------------------------------------------------------- */

/** Only ranges in both branches: such a transaction is not proposed. */
export const isReadOnly = (txn: TxnRequest): boolean =>
  [...txn.success, ...txn.failure].every((operation) => 'range' in operation);

/**
 * May it be answered from local state? Where all of its ranges may. Comparisons alone are linearizable (the reference
 * answers them from local state: a wart, they may be stale).
 */
export function isSerializable(txn: TxnRequest): boolean {
  const operations = [...txn.success, ...txn.failure];
  return operations.length > 0 && operations.every((operation) => 'range' in operation && operation.range.serializable);
}
