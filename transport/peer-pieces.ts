/**
 * Frames between peers that are larger than a connection's max_payload: cut into pieces by the sender, put together by
 * the receiver. [safety] With a cluster key each piece is signed and names its frame, in an order that only rises, so
 * that neither forged nor repeated ones disturb what is being put together.
 */
import type { KeyObject } from 'node:crypto';
import { concatBytes } from '../machines/language/bytes.js';
import type { Epoch, MemberId } from '../machines/language/vocabulary.js';
import { keyOf, SIGNATURE_BYTES, signedContent, signInPlace } from './peer-signature.js';
import { addPiece, type Assembly, cutIntoPieces, type Piece } from './pieces.js';

/** First byte of what peers publish: a whole frame follows, or a piece of one. */
const WHOLE = 1;
const PIECE = 2;
/** Kind, sender, its epoch and the frame's number in it; number, total and checksum of the piece. */
const HEAD_BYTES = 1 + 8 + 8 + 4 + 4 + 4 + 4;

/** The messages in which a frame travels where none may be longer than `max_payload`. */
export type FramePacker = (frame: Uint8Array, max_payload: number) => readonly Uint8Array[];

export function createFramePacker(stream: MemberId, epoch: Epoch, secret: Uint8Array | null): FramePacker {
  const key = keyOf(secret);
  const signature_bytes = key === null ? 0 : SIGNATURE_BYTES;
  let frames = 0;
  return (frame, max_payload) => {
    if (frame.length + 1 <= max_payload) return [concatBytes([Uint8Array.of(WHOLE), frame])];
    frames++;
    return cutIntoPieces(frame, max_payload - HEAD_BYTES - signature_bytes).map((piece) => {
      const message = new Uint8Array(HEAD_BYTES + piece.bytes.length + signature_bytes);
      const head = new DataView(message.buffer);
      head.setUint8(0, PIECE);
      head.setBigUint64(1, stream);
      head.setBigUint64(9, BigInt(epoch));
      head.setUint32(17, frames);
      head.setUint32(21, piece.number);
      head.setUint32(25, piece.total);
      head.setUint32(29, piece.crc);
      message.set(piece.bytes, HEAD_BYTES);
      if (key !== null) signInPlace(key, message);
      return message;
    });
  };
}

export interface FrameAssembler {
  /** The frame that `message` is, or completes; undefined when more is to come; or why it is dropped. */
  add(message: Uint8Array): { readonly frame: Uint8Array } | { readonly dropped: string } | undefined;
}

/** What is there of one sender's newest frame. */
interface Stream {
  /** Epoch and number: of two frames the later one's is higher. */
  readonly frame: bigint;
  /** Undefined once it is whole or lost. */
  assembly: Assembly | undefined;
}

interface SentPiece extends Piece {
  readonly stream: bigint;
  readonly frame: bigint;
}

const DROPPED = { dropped: 'pieces' };

/** Holds at most `bytes_max` for each sender, four times that in all, and at most `streams_max` senders. */
export function createFrameAssembler(
  bytes_max: number,
  streams_max: number,
  secret: Uint8Array | null,
): FrameAssembler {
  const key = keyOf(secret);
  const streams = new Map<bigint, Stream>();

  const hold = (id: bigint, stream: Stream): void => {
    // The one heard longest ago comes first.
    streams.delete(id);
    streams.set(id, stream);
    let held = 0;
    for (const { assembly } of streams.values()) held += assembly?.bytes ?? 0;
    for (const [other, { assembly }] of streams) {
      if (other === id || (streams.size <= streams_max && held <= 4 * bytes_max)) return;
      held -= assembly?.bytes ?? 0;
      streams.delete(other);
    }
  };

  /** Whether the piece begins a frame; a signed one may only begin a later one. */
  const begins = ({ number, frame }: SentPiece, before: Stream | undefined): boolean =>
    number === 1 && (before === undefined || key === null || frame > before.frame);

  return {
    add: (message) => {
      if (message[0] === WHOLE) return { frame: message.subarray(1) };
      const piece = readPiece(key, message);
      if (typeof piece === 'string') return { dropped: piece };
      const before = streams.get(piece.stream);
      const isFirst = begins(piece, before);
      const assembly = isFirst ? undefined : before?.assembly;
      const isNext =
        assembly !== undefined && before?.frame === piece.frame && piece.number === assembly.parts.length + 1;
      if (!isFirst && !isNext) return DROPPED;
      const assembled = addPiece(assembly, piece, bytes_max);
      const more = assembled.state === 'more' ? assembled.assembly : undefined;
      hold(piece.stream, { frame: piece.frame, assembly: more });
      if (assembled.state === 'whole') return { frame: assembled.bytes };
      return assembled.state === 'broken' ? DROPPED : undefined;
    },
  };
}

/** [safety] Nothing in a piece is looked at before its signature holds. */
function readPiece(key: KeyObject | null, message: Uint8Array): SentPiece | 'damaged' | 'signature' {
  if (message[0] !== PIECE) return 'damaged';
  const content = key === null ? message : signedContent(key, message);
  if (content === undefined) return 'signature';
  if (content.length < HEAD_BYTES) return 'damaged';
  const head = new DataView(content.buffer, content.byteOffset, content.byteLength);
  return {
    stream: head.getBigUint64(1),
    frame: (head.getBigUint64(9) << 32n) + BigInt(head.getUint32(17)),
    number: head.getUint32(21),
    total: head.getUint32(25),
    crc: head.getUint32(29),
    bytes: content.subarray(HEAD_BYTES),
  };
}
