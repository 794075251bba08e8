/**
 * Leases as decided: each with its TTL and last checkpoint, and which keys hang on which (B-51). What a command changes
 * here can be taken back, as all it drafts can.
 *
 *     l <id:8>                  lease: ttl:8 | remaining:8
 *     a <id:8> <key>            attachment: that key hangs on that lease
 */
import type { Lease } from '../machines/language/leases.js';
import { invariant } from '../machines/language/invariant.js';
import { attachmentPrefix, fromLatin1, leaseKey, leasePrefix, prefixRange } from './keys.js';
import type { Engine, EngineWrite, LeaseChange, LeaseView } from './ports.js';

/** A key that went from one lease to another; 0 is none. */
export interface Move {
  readonly from: bigint;
  readonly to: bigint;
}

export interface LeaseTable {
  get(id: bigint): Lease | undefined;
  /** 0 for none. */
  leaseOf(key: string): bigint;
  /** In order. */
  keysOf(id: bigint): readonly string[];
  all(): Iterable<Lease>;
  readonly size: number;
  set(id: bigint, lease: Lease | null): void;
  move(key: string, to: bigint): void;
}

function makeLeaseTable(): LeaseTable {
  const leases = new Map<bigint, Lease>();
  const byKey = new Map<string, bigint>();
  const byLease = new Map<bigint, Set<string>>();
  return {
    get: (id) => leases.get(id),
    leaseOf: (key) => byKey.get(key) ?? 0n,
    keysOf: (id) => [...(byLease.get(id) ?? [])].sort(),
    all: () => leases.values(),
    get size() {
      return leases.size;
    },
    set(id, lease) {
      if (lease === null) leases.delete(id);
      else leases.set(id, lease);
    },
    move(key, to) {
      const from = byKey.get(key);
      if (from !== undefined) {
        const keys = byLease.get(from);
        keys?.delete(key);
        if (keys?.size === 0) byLease.delete(from);
      }
      if (to === 0n) {
        byKey.delete(key);
        return;
      }
      byKey.set(key, to);
      const keys = byLease.get(to);
      if (keys === undefined) byLease.set(to, new Set([key]));
      else keys.add(key);
    },
  };
}

const ROW_BYTES = 16;
/** An engine may take an empty value for none. */
const HANGS = Buffer.from([1]);

const attachmentKey = (id: bigint, key: string): Buffer =>
  Buffer.concat([leaseKey(attachmentPrefix, id), fromLatin1(key)]);

export function leaseWrite({ id, after }: LeaseChange): EngineWrite {
  const key = leaseKey(leasePrefix, id);
  if (after === null) return { type: 'delete', key };
  const value = Buffer.allocUnsafe(ROW_BYTES);
  value.writeBigUInt64BE(BigInt(after.ttl_ms), 0);
  value.writeBigUInt64BE(BigInt(after.remaining_ms), 8);
  return { type: 'put', key, value };
}

export function* moveWrites(key: string, { from, to }: Move): Iterable<EngineWrite> {
  if (from !== 0n) yield { type: 'delete', key: attachmentKey(from, key) };
  if (to !== 0n) yield { type: 'put', key: attachmentKey(to, key), value: HANGS };
}

export const viewOf = (table: LeaseTable): LeaseView => ({
  get: (id) => table.get(id),
  all: () => table.all(),
  get size() {
    return table.size;
  },
  keysOf: (id) => table.keysOf(id).map(fromLatin1),
});

export async function loadLeases(engine: Engine, page_bytes: number): Promise<LeaseTable> {
  const table = makeLeaseTable();
  for await (const rows of engine.iterate(...prefixRange(leasePrefix), page_bytes)) {
    for (const [key, row] of rows) {
      const lease = decodeLease(key, row);
      table.set(lease.id, lease);
    }
  }
  for await (const rows of engine.iterate(...prefixRange(attachmentPrefix), page_bytes)) {
    for (const [key] of rows) {
      const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
      table.move(bytes.toString('latin1', 9), bytes.readBigInt64BE(1));
    }
  }
  return table;
}

function decodeLease(key: Uint8Array, row: Uint8Array): Lease {
  invariant(key.length === 9 && row.length === ROW_BYTES, 'a stored lease is an id and two numbers', {
    key: key.length,
    row: row.length,
  });
  const [id, numbers] = [new DataView(key.buffer, key.byteOffset), new DataView(row.buffer, row.byteOffset)];
  return {
    id: id.getBigInt64(1),
    ttl_ms: Number(numbers.getBigUint64(0)),
    remaining_ms: Number(numbers.getBigUint64(8)),
  };
}
