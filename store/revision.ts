/**
 * One change of one key as it stands in the engine (B-02, B-04): its key is (main, sub), its value the key-value
 * record, or a tombstone with the key alone.
 *
 *     kind:1 | key length:4 | [create:8 | version:8 | lease:8 | value]… | key
 */
import type { DeleteCause, KeyValue, StoreEvent } from '../machines/language/commands.js';
import { EMPTY } from '../machines/language/bytes.js';
import { invariant } from '../machines/language/invariant.js';
import { asBuffer, numberPartKey, revisionPrefix } from './keys.js';

const PUT = 1;
const TOMBSTONE = 2;
const UINT32 = 2 ** 32;
const TOMBSTONE_HEAD = 5;
const PUT_HEAD = TOMBSTONE_HEAD + 24;

/** A change of a key: what the key index remembers of it, and the record that watchers and readers see. */
export interface Change {
  /** The key as latin-1. */
  readonly key: string;
  readonly main: number;
  readonly sub: number;
  readonly tombstone: boolean;
  /** Of a tombstone: only key and mod_revision, the rest zero. */
  readonly kv: KeyValue;
  /** Of a tombstone that no user asked for. */
  readonly cause?: DeleteCause;
}

export const revisionKey = (main: number, sub: number): Buffer => numberPartKey(revisionPrefix, main, sub);

/** What a watcher sees of it. */
export const eventOf = (change: Change): StoreEvent => ({
  type: change.tombstone ? 'delete' : 'put',
  kv: change.kv,
  cause: change.cause ?? 'user',
});

export const tombstoneOf = (key: Uint8Array, main: number): KeyValue => ({
  key,
  create_revision: 0,
  mod_revision: main,
  version: 0,
  value: EMPTY,
  lease: 0n,
});

export function encodeRecord(change: Change): Buffer {
  const { kv } = change;
  const head = change.tombstone ? TOMBSTONE_HEAD : PUT_HEAD;
  const bytes = Buffer.allocUnsafe(head + kv.key.length + kv.value.length);
  bytes[0] = change.tombstone ? TOMBSTONE : PUT;
  bytes.writeUInt32BE(kv.key.length, 1);
  if (!change.tombstone) {
    writeNumber(bytes, 5, kv.create_revision);
    writeNumber(bytes, 13, kv.version);
    if (kv.lease === 0n) bytes.fill(0, 21, 29);
    else bytes.writeBigInt64BE(kv.lease, 21);
  }
  bytes.set(kv.key, head);
  bytes.set(kv.value, head + kv.key.length);
  return bytes;
}

export function decodeRecord(record: Uint8Array, main: number): KeyValue {
  const bytes = asBuffer(record);
  const kind = bytes[0];
  invariant(kind === PUT || kind === TOMBSTONE, 'a stored record is a put or a tombstone', { kind, main });
  const head = kind === PUT ? PUT_HEAD : TOMBSTONE_HEAD;
  const key_end = head + bytes.readUInt32BE(1);
  invariant(key_end <= bytes.length, 'a stored record holds its key', { main, length: bytes.length });
  const key = plainView(bytes, head, key_end);
  if (kind === TOMBSTONE) return tombstoneOf(key, main);
  const lease = bytes.readInt32BE(21) === 0 && bytes.readInt32BE(25) === 0 ? 0n : bytes.readBigInt64BE(21);
  return {
    key,
    create_revision: readNumber(bytes, 5),
    mod_revision: main,
    version: readNumber(bytes, 13),
    value: plainView(bytes, key_end, bytes.length),
    lease,
  };
}

/** What a watcher sees of a stored record. */
export const eventOfRecord = (record: Uint8Array, main: number): StoreEvent => ({
  type: record[0] === TOMBSTONE ? 'delete' : 'put',
  kv: decodeRecord(record, main),
  cause: 'user',
});

/** Only the key of a record, as latin-1. */
export function keyOfRecord(record: Uint8Array): { readonly key: string; readonly tombstone: boolean } {
  const bytes = asBuffer(record);
  const tombstone = bytes[0] === TOMBSTONE;
  const head = tombstone ? TOMBSTONE_HEAD : PUT_HEAD;
  return { key: bytes.toString('latin1', head, head + bytes.readUInt32BE(1)), tombstone };
}

/** Not a Buffer: others compare, slice and print what they get. */
const plainView = (bytes: Buffer, from: number, to: number): Uint8Array =>
  from === to ? EMPTY : new Uint8Array(bytes.buffer, bytes.byteOffset + from, to - from);

function writeNumber(bytes: Buffer, at: number, number: number): void {
  bytes.writeUInt32BE(Math.floor(number / UINT32), at);
  bytes.writeUInt32BE(number % UINT32, at + 4);
}

const readNumber = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at) * UINT32 + bytes.readUInt32BE(at + 4);
