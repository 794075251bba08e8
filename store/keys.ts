/**
 * Where everything stands in the engine: one letter names the kind, then big-endian numbers, so that the engine's
 * order is ours. Also keys as latin-1 strings (one character a byte): they compare as bytes do, and V8 keeps them in
 * one byte each.
 *
 *     a <lease:8> <key>         attachment of a key to a lease (lease-table.ts)
 *     j <to:8>                  journal: one batch, as a link of the chain, and the keys it changed (journal.ts)
 *     k <generation:8> <n:4>    page: a piece of the key index, folded from older journal rows (fold.ts)
 *     l <lease:8>               lease: its TTL and what remained of it (lease-table.ts)
 *     m <name>                  single rows: where the chain begins, the membership, the compaction finished (marks.ts)
 *     q <to:8>                  request records of one batch (requests.ts)
 *     r <main:8> <sub:4>        revision: the record of one change of one key (revision.ts)
 */
import { invariant } from '../machines/language/invariant.js';

export const attachmentPrefix = 'a';
export const journalPrefix = 'j';
export const pagePrefix = 'k';
export const leasePrefix = 'l';
const namePrefix = 'm';
export const requestsPrefix = 'q';
export const revisionPrefix = 'r';
type Prefix = 'a' | 'j' | 'k' | 'l' | 'm' | 'q' | 'r';

const UINT32 = 2 ** 32;

/** `<prefix> <number:8>` */
export function numberKey(prefix: Prefix, number: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix.charCodeAt(0);
  writeNumber(key, 1, number);
  return key;
}

/** `<prefix> <number:8> <part:4>` */
export function numberPartKey(prefix: Prefix, number: number, part: number): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = prefix.charCodeAt(0);
  writeNumber(key, 1, number);
  key.writeUInt32BE(part, 9);
  return key;
}

/** `<prefix> <lease:8>` */
export function leaseKey(prefix: 'a' | 'l', lease: bigint): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = prefix.charCodeAt(0);
  key.writeBigInt64BE(lease, 1);
  return key;
}

/** `m <name>` */
export const nameKey = (name: string): Buffer => Buffer.from(`${namePrefix}${name}`);

/** The number after the prefix. */
export function numberOfKey(key: Uint8Array): number {
  invariant(key.length >= 9, 'a stored key carries 8 bytes of number', { length: key.length });
  const view = new DataView(key.buffer, key.byteOffset);
  return view.getUint32(1) * UINT32 + view.getUint32(5);
}

/** The part after the number. */
export function partOfKey(key: Uint8Array): number {
  invariant(key.length === 13, 'a stored key with a part has 13 bytes', { length: key.length });
  return new DataView(key.buffer, key.byteOffset).getUint32(9);
}

/** Where everything with this prefix begins and ends. */
export function prefixRange(prefix: Prefix): readonly [from: Uint8Array, to: Uint8Array] {
  const byte = prefix.charCodeAt(0);
  return [Uint8Array.of(byte), Uint8Array.of(byte + 1)];
}

function writeNumber(key: Buffer, at: number, number: number): void {
  invariant(Number.isSafeInteger(number) && number >= 0, 'a stored number is below 2^53', { number });
  key.writeUInt32BE(Math.floor(number / UINT32), at);
  key.writeUInt32BE(number % UINT32, at + 4);
}

/**
 * Works on any byte array: a Buffer over the same memory, made only to be read once, would cost three times as much.
 */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice: (this: Uint8Array, from: number, to: number) => string;
};

/** One character a byte, in the bytes' order. */
export const toLatin1 = (bytes: Uint8Array): string => latin1Slice.call(bytes, 0, bytes.length);

/** Not a Buffer: what prints itself otherwise must not reach watchers. */
export const fromLatin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

/** The same memory seen as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
