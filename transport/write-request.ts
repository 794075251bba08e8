/** Requests written as maps of etcd's field names: the counterpart of wire-requests.ts. */
import type { PutRequest, RangeRequest, TxnOperation, TxnRequest } from '../machines/language/commands.js';
import type { KeyRange } from '../machines/language/watching.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import type { Request } from './ports.js';
import { isCoordination } from '../machines/language/coordination.js';
import { writeCoordinationRequest } from './wire-coordination.js';
import { isLeaseRequest, writeLeaseRequest } from './wire-leases.js';

/** The request as a map; what has its default is left out. */
export function writeRequest(request: Request): Fields {
  if (isLeaseRequest(request)) return writeLeaseRequest(request);
  if (isCoordination(request)) return writeCoordinationRequest(request);
  switch (request.op) {
    case 'kv.range':
      return writeRange(request.body);
    case 'kv.put':
      return writePut(request.body);
    case 'kv.txn':
      return writeTxn(request.body);
    case 'kv.delete':
    case 'kv.compact':
    case 'cluster.list':
    case 'maintenance.status':
    case 'maintenance.hashkv':
      return withoutDefaults(request.body);
    case 'watch.history': {
      const { ranges, ...rest } = request.body;
      return { ...writeRanges(ranges), ...withoutDefaults(rest) };
    }
  }
}

/** The first one as etcd writes it, the others beside it. */
export function writeRanges([first, ...others]: readonly KeyRange[]): Fields {
  const written = first === undefined ? {} : withoutDefaults(first);
  return others.length === 0 ? written : { ...written, ranges: others.map(withoutDefaults) };
}

function writeRange(range: RangeRequest): Fields {
  const fields: Record<string, Value> = { key: range.key };
  if (range.range_end.length > 0) fields['range_end'] = range.range_end;
  if (range.limit !== 0) fields['limit'] = range.limit;
  if (range.revision !== 0) fields['revision'] = range.revision;
  if (range.sort_order !== 'none') fields['sort_order'] = range.sort_order;
  if (range.sort_target !== 'key') fields['sort_target'] = range.sort_target;
  if (range.serializable) fields['serializable'] = true;
  if (range.keys_only) fields['keys_only'] = true;
  if (range.count_only) fields['count_only'] = true;
  if (range.min_mod_revision !== 0) fields['min_mod_revision'] = range.min_mod_revision;
  if (range.max_mod_revision !== 0) fields['max_mod_revision'] = range.max_mod_revision;
  if (range.min_create_revision !== 0) fields['min_create_revision'] = range.min_create_revision;
  if (range.max_create_revision !== 0) fields['max_create_revision'] = range.max_create_revision;
  return fields;
}

function writePut(put: PutRequest): Fields {
  const fields: Record<string, Value> = { key: put.key, value: put.value };
  if (put.lease !== 0n) fields['lease'] = put.lease;
  if (put.ttl_ms !== 0) fields['ttl_ms'] = put.ttl_ms;
  if (put.prev_kv) fields['prev_kv'] = true;
  if (put.ignore_value) fields['ignore_value'] = true;
  if (put.ignore_lease) fields['ignore_lease'] = true;
  return fields;
}

function writeTxn(txn: TxnRequest): Fields {
  return {
    compare: txn.compare.map(withoutDefaults),
    success: txn.success.map(writeOperation),
    failure: txn.failure.map(writeOperation),
  };
}

function writeOperation(operation: TxnOperation): Fields {
  if ('put' in operation) return { put: writePut(operation.put) };
  if ('range' in operation) return { range: writeRange(operation.range) };
  if ('delete' in operation) return { delete: withoutDefaults(operation.delete) };
  return { txn: writeTxn(operation.txn) };
}

/** The words that are a default wherever they can stand. */
const DEFAULT_WORDS: ReadonlySet<Value> = new Set(['equal', 'version']);

/** For what is asked less often. Every other default is the zero of its type. */
export function withoutDefaults(body: object): Fields {
  const fields: Record<string, Value> = {};
  for (const [name, value] of Object.entries(body) as [string, Value][]) {
    const empty =
      value instanceof Uint8Array || Array.isArray(value) ? value.length === 0 : !value || DEFAULT_WORDS.has(value);
    if (!empty) fields[name] = value;
  }
  return fields;
}
