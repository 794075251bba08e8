/**
 * What tells one operation from another under the same request id: 53 bits over its fields. Replicated state (it is
 * kept with the request records), so it is part of command version 1: another digest is another command version.
 */
import { crc32c } from '@node-rs/crc32';
import type { Compare, Operation, RangeRequest, TxnOperation, TxnRequest } from '../machines/language/commands.js';
import { unreachable } from '../machines/language/invariant.js';

const UINT32 = 2 ** 32;

/** Two 32-bit lanes, mixed differently. Not against an adversary: against a client that counts wrongly. */
interface Lanes {
  a: number;
  b: number;
}

export function digestOf(operation: Operation): number {
  const lanes: Lanes = { a: 0x9dc5, b: 0x1b3 };
  switch (operation.type) {
    case 'put':
    case 'delete':
      mixOperation(lanes, operation);
      break;
    case 'txn':
      mixNumber(lanes, 3);
      mixTxn(lanes, operation.txn);
      break;
    case 'compact':
      mixNumber(lanes, 4);
      mixNumber(lanes, operation.revision);
      break;
    case 'lease.grant':
      // Not the id: one that the leader drew is another one in every attempt.
      mixNumber(lanes, 6);
      mixNumber(lanes, operation.grant.ttl_ms);
      break;
    case 'lease.revoke':
      mixNumber(lanes, 7);
      mixBigint(lanes, operation.id);
      break;
    case 'lease.checkpoint':
      mixNumber(lanes, 8);
      for (const { id, remaining_ms } of operation.leases) {
        mixBigint(lanes, id);
        mixNumber(lanes, remaining_ms);
      }
      break;
    default:
      unreachable(operation);
  }
  return (lanes.a >>> 11) * UINT32 + (lanes.b >>> 0);
}

function mixTxn(lanes: Lanes, txn: TxnRequest): void {
  for (const list of [txn.compare, txn.success, txn.failure]) mixNumber(lanes, list.length);
  for (const compare of txn.compare) mixCompare(lanes, compare);
  for (const operation of txn.success) mixOperation(lanes, operation);
  for (const operation of txn.failure) mixOperation(lanes, operation);
}

function mixOperation(lanes: Lanes, operation: TxnOperation): void {
  if ('put' in operation) {
    const { put } = operation;
    mixNumber(lanes, 1 + 8 * (Number(put.prev_kv) + 2 * Number(put.ignore_value) + 4 * Number(put.ignore_lease)));
    mixBytes(lanes, put.key);
    mixBytes(lanes, put.value);
    if (put.ttl_ms === 0) mixBigint(lanes, put.lease);
    else mixNumber(lanes, put.ttl_ms);
  } else if ('delete' in operation) {
    mixNumber(lanes, 2 + 8 * Number(operation.delete.prev_kv));
    mixBytes(lanes, operation.delete.key);
    mixBytes(lanes, operation.delete.range_end);
  } else if ('range' in operation) {
    mixNumber(lanes, 5);
    mixRange(lanes, operation.range);
  } else {
    mixNumber(lanes, 3);
    mixTxn(lanes, operation.txn);
  }
}

function mixRange(lanes: Lanes, range: RangeRequest): void {
  mixBytes(lanes, range.key);
  mixBytes(lanes, range.range_end);
  for (const number of [range.limit, range.revision, range.min_mod_revision, range.max_mod_revision]) {
    mixNumber(lanes, number);
  }
  mixNumber(lanes, range.min_create_revision);
  mixNumber(lanes, range.max_create_revision);
  mixText(lanes, `${range.sort_order} ${range.sort_target}`);
  mixNumber(lanes, Number(range.keys_only) + 2 * Number(range.count_only) + 4 * Number(range.serializable));
}

function mixCompare(lanes: Lanes, compare: Compare): void {
  mixText(lanes, `${compare.result} ${compare.target}`);
  mixBytes(lanes, compare.key);
  mixBytes(lanes, compare.range_end);
  mixBytes(lanes, compare.value);
  for (const number of [compare.version, compare.create_revision, compare.mod_revision]) mixNumber(lanes, number);
  mixBigint(lanes, compare.lease);
}

function mix(lanes: Lanes, word: number): void {
  lanes.a = Math.imul(lanes.a ^ word, 0x9e3779b1);
  lanes.a ^= lanes.a >>> 15;
  lanes.b = Math.imul((lanes.b + word) ^ (lanes.b >>> 13), 0x85ebca6b);
}

function mixNumber(lanes: Lanes, number: number): void {
  mix(lanes, number | 0);
  mix(lanes, Math.floor(number / UINT32) | 0);
}

const mixBigint = (lanes: Lanes, value: bigint): void => {
  if (value === 0n) mix(lanes, 0);
  else mixText(lanes, value.toString());
};

function mixBytes(lanes: Lanes, bytes: Uint8Array): void {
  mix(lanes, bytes.length);
  if (bytes.length > 0) mix(lanes, crc32c(bytes) | 0);
}

function mixText(lanes: Lanes, text: string): void {
  mix(lanes, text.length);
  mix(lanes, crc32c(text) | 0);
}
