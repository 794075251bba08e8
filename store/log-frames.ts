/**
 * Frames: one batch of log records each, written and synced as one, and recognised as whole when read.
 *
 *   0 magic | 4 segment | 8 sequence (8) | 16 length | 20 previous
 *   24 crc of the payload | 28 crc of the head | 32 payload
 *
 * The crcs are a chain: the payload's is seeded with `previous`, which is the head's crc of the frame before, and the
 * head's covers all of the head. A frame that was altered, is missing or stands in the wrong place breaks it. The head
 * can be checked without the chain, and the sequence number is never used twice in what a log holds: that is how a
 * later frame is found behind a broken one.
 */
import { crc32c } from '@node-rs/crc32';

export const FRAME_HEAD = 32;
const MAGIC = Buffer.from('QRB1', 'latin1');
const TWO_32 = 0x1_0000_0000;

/** Where the next frame goes, and what it must say. */
export interface Place {
  readonly segment: number;
  readonly sequence: number;
  readonly chain: number;
}

export interface Frame {
  readonly segment: number;
  readonly sequence: number;
  readonly length: number;
  readonly previous: number;
  readonly payloadCrc: number;
  /** What the next frame must name as `previous`. */
  readonly chain: number;
}

/** Writes the head of a frame whose payload stands after it in `bytes`; gives the chain after it. */
export function sealFrame(bytes: Buffer, place: Place): number {
  MAGIC.copy(bytes, 0);
  bytes.writeUInt32BE(place.segment, 4);
  bytes.writeUInt32BE(Math.floor(place.sequence / TWO_32), 8);
  bytes.writeUInt32BE(place.sequence % TWO_32, 12);
  bytes.writeUInt32BE(bytes.length - FRAME_HEAD, 16);
  bytes.writeUInt32BE(place.chain, 20);
  bytes.writeUInt32BE(crc32c(bytes.subarray(FRAME_HEAD), place.chain), 24);
  const chain = crc32c(bytes.subarray(0, 28));
  bytes.writeUInt32BE(chain, 28);
  return chain;
}

/** The frame whose head is whole at `at`, whatever its payload. */
export function frameAt(bytes: Buffer, at: number): Frame | undefined {
  if (at + FRAME_HEAD > bytes.length || MAGIC.compare(bytes, at, at + 4) !== 0) return undefined;
  const chain = bytes.readUInt32BE(at + 28);
  if (crc32c(bytes.subarray(at, at + 28)) !== chain) return undefined;
  return {
    segment: bytes.readUInt32BE(at + 4),
    sequence: bytes.readUInt32BE(at + 8) * TWO_32 + bytes.readUInt32BE(at + 12),
    length: bytes.readUInt32BE(at + 16),
    previous: bytes.readUInt32BE(at + 20),
    payloadCrc: bytes.readUInt32BE(at + 24),
    chain,
  };
}

/** The payload of a frame whose head was read at `at`, or undefined when it is not what was written. */
export function payloadOf(bytes: Buffer, at: number, frame: Frame): Buffer | undefined {
  const payload = bytes.subarray(at + FRAME_HEAD, at + FRAME_HEAD + frame.length);
  return payload.length === frame.length && crc32c(payload, frame.previous) === frame.payloadCrc ? payload : undefined;
}

/** Where, from `from` on, a frame of this segment with at least this sequence number begins. */
export function findFrame(bytes: Buffer, from: number, segment: number, sequence_min: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1)) {
    const frame = frameAt(bytes, at);
    if (frame !== undefined && frame.segment === segment && frame.sequence >= sequence_min) return at;
  }
  return undefined;
}

const ZEROS = Buffer.alloc(64 * 1024);

export function isZero(bytes: Buffer, from: number): boolean {
  for (let at = from; at < bytes.length; at += ZEROS.length) {
    const end = Math.min(bytes.length, at + ZEROS.length);
    if (ZEROS.compare(bytes, at, end, 0, end - at) !== 0) return false;
  }
  return true;
}
