/**
 * What an operation came to, kept for whoever asks again: a lost answer is no lost certainty. A plain put is just its
 * revision; anything else is packed; what is too long is kept as its revision, marked truncated.
 */
import { EMPTY } from '../machines/language/bytes.js';
import { pack, unpack } from '../machines/language/codec.js';
import type {
  Decision,
  KeyValue,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../machines/language/commands.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { Revision } from '../machines/language/vocabulary.js';

export type Outcome = number | Uint8Array;

/** Of a key-value pair beside its key and value. */
const KV_WEIGHT = 32;

export function outcomeOf(decision: Decision): Outcome {
  if (decision.type === 'put' && decision.put.prev_kv === null && decision.put.lease === 0n)
    return decision.put.revision;
  // [safety] Replicated state: this bound and the weights below are part of command version 1.
  const kept = weightOf(decision) <= limits.outcome_bytes_max ? decision : truncated(decision);
  return pack(toPlain(kept));
}

export function decisionOf(outcome: Outcome): Decision {
  if (typeof outcome === 'number')
    return { type: 'put', put: { revision: outcome as Revision, prev_kv: null, lease: 0n } };
  return revive(unpack(outcome), '') as Decision;
}

/** Numbers above 2^32 come back as bigint; only ids of leases are meant to be. */
function revive(value: unknown, field: string): unknown {
  if (typeof value === 'bigint') return field === 'lease' || field === 'id' ? value : Number(value);
  if (Array.isArray(value)) return value.map((item) => revive(item, field));
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, revive(item, name)]));
}

/** Plain objects of strings, numbers, bytes and lists: the packer keeps field names, and the order is fixed here. */
function toPlain(decision: Decision): unknown {
  switch (decision.type) {
    case 'put':
      return { type: 'put', put: plainPut(decision.put) };
    case 'delete':
      return { type: 'delete', delete: plainDelete(decision.delete) };
    case 'txn':
      return { type: 'txn', txn: plainTxn(decision.txn) };
    case 'compact':
      return { type: 'compact', compact: { revision: decision.compact.revision } };
    case 'lease.grant': {
      const { revision, id, ttl_ms } = decision.grant;
      return { type: 'lease.grant', grant: { revision, id, ttl_ms } };
    }
    case 'lease.revoke':
      return { type: 'lease.revoke', revoke: { revision: decision.revoke.revision } };
    case 'lease.checkpoint':
      return { type: 'lease.checkpoint', revision: decision.revision };
    case 'error':
      return { type: 'error', error: decision.error, revision: decision.revision };
    case 'truncated':
      return { type: 'truncated', revision: decision.revision };
    default:
      return unreachable(decision);
  }
}

const plainKv = (kv: KeyValue): unknown => ({
  key: kv.key,
  create_revision: kv.create_revision,
  mod_revision: kv.mod_revision,
  version: kv.version,
  value: kv.value.length === 0 ? EMPTY : kv.value,
  lease: kv.lease,
});
const plainPut = (put: PutResult): unknown => ({
  revision: put.revision,
  prev_kv: put.prev_kv === null ? null : plainKv(put.prev_kv),
  lease: put.lease,
});
const plainDelete = (result: { revision: number; deleted: number; prev_kvs: readonly KeyValue[] }): unknown => ({
  revision: result.revision,
  deleted: result.deleted,
  prev_kvs: result.prev_kvs.map(plainKv),
});
const plainRange = (range: RangeResult): unknown => ({
  revision: range.revision,
  kvs: range.kvs.map(plainKv),
  more: range.more,
  count: range.count,
});
const plainTxn = (txn: TxnResult): unknown => ({
  revision: txn.revision,
  succeeded: txn.succeeded,
  responses: txn.responses.map(plainResult),
});
function plainResult(result: OperationResult): unknown {
  if ('put' in result) return { put: plainPut(result.put) };
  if ('range' in result) return { range: plainRange(result.range) };
  if ('delete' in result) return { delete: plainDelete(result.delete) };
  return { txn: plainTxn(result.txn) };
}

function weightOf(decision: Decision): number {
  switch (decision.type) {
    case 'put':
    case 'delete':
      return weightOfResult(decision);
    case 'txn':
      return weightOfResult(decision);
    case 'compact':
    case 'lease.grant':
    case 'lease.revoke':
    case 'lease.checkpoint':
    case 'error':
    case 'truncated':
      return KV_WEIGHT;
    default:
      return unreachable(decision);
  }
}

function weightOfResult(result: OperationResult): number {
  if ('put' in result) return KV_WEIGHT + (result.put.prev_kv === null ? 0 : weightOfKv(result.put.prev_kv));
  if ('range' in result) return KV_WEIGHT + weightOfKvs(result.range.kvs);
  if ('delete' in result) return KV_WEIGHT + weightOfKvs(result.delete.prev_kvs);
  return result.txn.responses.reduce((sum, response) => sum + weightOfResult(response), KV_WEIGHT);
}

const weightOfKv = (kv: KeyValue): number => KV_WEIGHT + kv.key.length + kv.value.length;
const weightOfKvs = (kvs: readonly KeyValue[]): number => kvs.reduce((sum, kv) => sum + weightOfKv(kv), 0);

function truncated(decision: Decision): Decision {
  if (decision.type === 'put') return { type: 'truncated', revision: decision.put.revision };
  if (decision.type === 'delete') return { type: 'truncated', revision: decision.delete.revision };
  if (decision.type === 'txn') return { type: 'truncated', revision: decision.txn.revision };
  return decision;
}
