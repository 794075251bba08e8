/**
 * What is larger than a connection's max_payload travels in numbered, checksummed pieces; here they are cut and put
 * together.
 */
import { concatBytes } from '../machines/language/bytes.js';

/** `number` counts from 1. */
export interface Piece {
  readonly number: number;
  readonly total: number;
  readonly crc: number;
  readonly bytes: Uint8Array;
}

export function cutIntoPieces(whole: Uint8Array, piece_bytes: number): readonly Piece[] {
  const total = Math.max(1, Math.ceil(whole.length / piece_bytes));
  return Array.from({ length: total }, (_, i) => {
    const bytes = whole.subarray(i * piece_bytes, (i + 1) * piece_bytes);
    return { number: i + 1, total, crc: crc32(bytes), bytes };
  });
}

/** The pieces of one message that have come so far: all from the first on, in order. */
export interface Assembly {
  readonly total: number;
  readonly parts: Uint8Array[];
  readonly bytes: number;
}

export type Assembled =
  | { readonly state: 'more'; readonly assembly: Assembly }
  | { readonly state: 'whole'; readonly bytes: Uint8Array }
  | { readonly state: 'broken'; readonly reason: string };

/** Of one message; more would be many small ones that only make work. */
const PIECES_MAX = 65_536;

/**
 * One publisher's pieces come in order or are lost; a first piece begins anew, anything out of order ends what there
 * was.
 */
export function addPiece(before: Assembly | undefined, piece: Piece, bytes_max: number): Assembled {
  const { number, total, crc, bytes } = piece;
  if (total > PIECES_MAX || (bytes.length === 0 && total > 1)) {
    return { state: 'broken', reason: `piece ${number} of ${total} with ${bytes.length} bytes` };
  }
  const so_far: Assembly | undefined = number === 1 ? { total, parts: [], bytes: 0 } : before;
  if (so_far === undefined || so_far.total !== total || so_far.parts.length + 1 !== number) {
    return { state: 'broken', reason: `piece ${number} of ${total} out of order` };
  }
  if (crc32(bytes) !== crc) return { state: 'broken', reason: `piece ${number} of ${total} damaged` };
  const sum = so_far.bytes + bytes.length;
  if (sum > bytes_max) return { state: 'broken', reason: `more than ${bytes_max} bytes in pieces` };
  const { parts } = so_far;
  parts.push(bytes);
  if (number === total) return { state: 'whole', bytes: concatBytes(parts) };
  return { state: 'more', assembly: { total, parts, bytes: sum } };
}

/* ---- CRC-32 (IEEE), in plain JavaScript because browsers put answers together too ------------------------------ */

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) {
    crc = (crc >>> 8) ^ (crcTable[(crc ^ (bytes[i] as number)) & 0xff] as number);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
