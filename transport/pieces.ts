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
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

export type Assembled =
  | { readonly state: 'more'; readonly assembly: Assembly }
  | { readonly state: 'whole'; readonly bytes: Uint8Array }
  | { readonly state: 'broken'; readonly reason: string };

/**
 * One publisher's pieces come in order or are lost; a first piece begins anew, anything out of order ends what there
 * was.
 */
export function addPiece(before: Assembly | undefined, piece: Piece, bytes_max: number): Assembled {
  const { number, total, crc, bytes } = piece;
  const so_far = number === 1 ? { total, parts: [], bytes: 0 } : before;
  if (so_far === undefined || so_far.total !== total || so_far.parts.length + 1 !== number) {
    return { state: 'broken', reason: `piece ${number} of ${total} out of order` };
  }
  if (crc32(bytes) !== crc) return { state: 'broken', reason: `piece ${number} of ${total} damaged` };
  const sum = so_far.bytes + bytes.length;
  if (sum > bytes_max) return { state: 'broken', reason: `more than ${bytes_max} bytes in pieces` };
  const parts = [...so_far.parts, bytes];
  if (number === total) return { state: 'whole', bytes: concatBytes(parts) };
  return { state: 'more', assembly: { total, parts, bytes: sum } };
}

/* ---- pieces between peers: a head before the bytes ------------------------------------------------------------- */

/** First byte of what peers publish: a whole frame follows, or a piece of one. */
const WHOLE = 1;
const PIECE = 2;
const HEAD_BYTES = 1 + 8 + 4 + 4 + 4;

/** The messages in which `frame` travels where none may be longer than `max_payload`. `stream` names the sender. */
export function packFrame(frame: Uint8Array, stream: bigint, max_payload: number): readonly Uint8Array[] {
  if (frame.length + 1 <= max_payload) return [concatBytes([Uint8Array.of(WHOLE), frame])];
  return cutIntoPieces(frame, max_payload - HEAD_BYTES).map((piece) => {
    const message = new Uint8Array(HEAD_BYTES + piece.bytes.length);
    const head = new DataView(message.buffer);
    head.setUint8(0, PIECE);
    head.setBigUint64(1, stream);
    head.setUint32(9, piece.number);
    head.setUint32(13, piece.total);
    head.setUint32(17, piece.crc);
    message.set(piece.bytes, HEAD_BYTES);
    return message;
  });
}

export interface FrameAssembler {
  /** The frame that `message` is, or completes; undefined when more is to come; or why it is dropped. */
  add(message: Uint8Array): { readonly frame: Uint8Array } | { readonly dropped: string } | undefined;
}

/** Holds at most `bytes_max` for each of at most `streams_max` senders. */
export function createFrameAssembler(bytes_max: number, streams_max: number): FrameAssembler {
  const assemblies = new Map<bigint, Assembly>();
  return {
    add: (message) => {
      if (message[0] === WHOLE) return { frame: message.subarray(1) };
      if (message[0] !== PIECE || message.length < HEAD_BYTES) return { dropped: 'damaged' };
      const head = new DataView(message.buffer, message.byteOffset, message.byteLength);
      const stream = head.getBigUint64(1);
      const piece = {
        number: head.getUint32(9),
        total: head.getUint32(13),
        crc: head.getUint32(17),
        bytes: message.subarray(HEAD_BYTES),
      };
      const assembled = addPiece(assemblies.get(stream), piece, bytes_max);
      assemblies.delete(stream);
      if (assembled.state === 'whole') return { frame: assembled.bytes };
      if (assembled.state === 'broken') return { dropped: 'pieces' };
      if (assemblies.size >= streams_max) assemblies.delete(assemblies.keys().next().value as bigint);
      assemblies.set(stream, assembled.assembly);
      return undefined;
    },
  };
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
