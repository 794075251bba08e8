/** From what callers write to what the wire carries: options become requests with every default filled in. */
import { EMPTY, fromText, NUL, prefixEnd } from '../machines/language/bytes.js';
import type { DeleteRequest, PutRequest, RangeRequest } from '../machines/language/commands.js';
import { badRequest } from '../machines/language/errors.js';
import type { Bytes, DeleteOptions, GetOptions, PutOptions } from './types.js';

export function toBytes(what: string, value: Bytes): Uint8Array {
  if (typeof value === 'string') return fromText(value);
  if (value instanceof Uint8Array) return value;
  throw badRequest(`client: ${what} is ${value === null ? 'null' : typeof value}; it must be a string or a Uint8Array`);
}

interface Span {
  readonly rangeEnd?: Bytes | undefined;
  readonly prefix?: boolean | undefined;
  readonly fromKey?: boolean | undefined;
}

interface Range {
  readonly key: Uint8Array;
  readonly range_end: Uint8Array;
}

/** Key and range end. An empty key with prefix or fromKey means all keys, as in etcd's own client. */
export function rangeOf(key: Bytes, span: Span): Range {
  const from = toBytes('the key', key);
  const given = [span.rangeEnd !== undefined && 'rangeEnd', span.prefix && 'prefix', span.fromKey && 'fromKey'];
  const names = given.filter((name) => typeof name === 'string');
  if (names.length > 1) throw badRequest(`client: ${names.join(' and ')} are given; it must be one of them`);
  if (span.rangeEnd !== undefined) return { key: from, range_end: toBytes('rangeEnd', span.rangeEnd) };
  if (!span.prefix && !span.fromKey) return { key: from, range_end: EMPTY };
  if (from.length === 0) return { key: NUL, range_end: NUL };
  return { key: from, range_end: span.fromKey ? NUL : prefixEnd(from) };
}

export function whole(name: string, value: number | undefined): number {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value)) return value;
  throw badRequest(`client: ${name} is ${String(value)}; it must be a whole number`);
}

const NO_GET: GetOptions = {};
const NO_PUT: PutOptions = {};
const NO_DELETE: DeleteOptions = {};

export function rangeRequest(key: Bytes, options: GetOptions = NO_GET): RangeRequest {
  const range = rangeOf(key, options);
  return {
    key: range.key,
    range_end: range.range_end,
    limit: whole('limit', options.limit),
    revision: whole('revision', options.revision),
    sort_order: options.sortOrder ?? 'none',
    sort_target: options.sortTarget ?? 'key',
    serializable: options.serializable === true,
    keys_only: options.keysOnly === true,
    count_only: options.countOnly === true,
    min_mod_revision: whole('minModRevision', options.minModRevision),
    max_mod_revision: whole('maxModRevision', options.maxModRevision),
    min_create_revision: whole('minCreateRevision', options.minCreateRevision),
    max_create_revision: whole('maxCreateRevision', options.maxCreateRevision),
  };
}

export function putRequest(key: Bytes, value: Bytes, options: PutOptions = NO_PUT): PutRequest {
  return {
    key: toBytes('the key', key),
    value: toBytes('the value', value),
    lease: leaseId(options.lease),
    prev_kv: options.prevKv === true,
    ignore_value: options.ignoreValue === true,
    ignore_lease: options.ignoreLease === true,
    ttl_ms: options.ttlMs === undefined ? 0 : ttlMs(options.ttlMs),
  };
}

export function ttlMs(given: number): number {
  if (Number.isSafeInteger(given) && given > 0) return given;
  throw badRequest(`client: the TTL is ${String(given)}; it must be a whole number of milliseconds above 0`);
}

export function leaseId(lease: bigint | undefined): bigint {
  if (lease === undefined) return 0n;
  if (typeof lease === 'bigint' && BigInt.asIntN(64, lease) === lease) return lease;
  throw badRequest(`client: lease is ${String(lease)} (${typeof lease}); it must be a bigint of signed 64 bits`);
}

export function deleteRequest(key: Bytes, options: DeleteOptions = NO_DELETE): DeleteRequest {
  const range = rangeOf(key, options);
  return { key: range.key, range_end: range.range_end, prev_kv: options.prevKv === true };
}
