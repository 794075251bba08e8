/** Reads the log's files, and tells a torn tail, which is cut, from damage, which ends the node. */
import { decodeEntry, encodeEntry } from '../machines/language/codec.js';
import { DecodeError, UnknownVersionError } from '../machines/language/rows.js';
import { applyRecord, emptyContent, type LogContent, requireWhole } from './log-content.js';
import { findFrame, type Frame, FRAME_HEAD, frameAt, isZero, payloadOf, type Place } from './log-frames.js';
import { decodeRecords, type LogRecord } from './log-records.js';
import { decodeSegmentHead, LOG_DIRECTORY, type SegmentHead, segmentNumber, segmentPath } from './log-segments.js';
import { DamagedError, DirectoryError, type Disk } from './ports.js';

export interface SegmentInfo {
  readonly number: number;
  /** The highest index of an entry in it, 0 for none: once the log starts there, the file is no longer needed. */
  highest: number;
}

export interface LogReading {
  readonly content: LogContent;
  /** Oldest first; the last one is written on. */
  readonly segments: SegmentInfo[];
  /** Where the next frame goes. */
  readonly place: Place;
  readonly position: number;
  /** The last segment was never finished being made: make it anew. */
  readonly unmade: boolean;
  /** Something that is no whole frame follows `position`. */
  readonly torn: boolean;
  /** The last thing written: where it stands, and its bytes. */
  readonly lastWrite: { readonly at: number; readonly bytes: Uint8Array };
  /** Numbers of segments that were deleted once, and that a power loss brought back. */
  readonly leftOver: readonly number[];
}

/** Keeps account of which segments hold what. */
export function noteRecord(segments: readonly SegmentInfo[], record: LogRecord): void {
  const current = segments.at(-1);
  if (record.type === 'entry' && current !== undefined) current.highest = Math.max(current.highest, record.entry.index);
  if (record.type === 'install' && !record.kept) for (const segment of segments) segment.highest = 0;
}

/** What reading goes by, segment after segment. */
interface Cursor {
  content: LogContent;
  place: Place;
  readonly segments: SegmentInfo[];
}

interface LastSegment {
  readonly position: number;
  readonly unmade: boolean;
  readonly torn: boolean;
  readonly lastWrite: LogReading['lastWrite'];
}

/** Throws DamagedError, or DirectoryError for a log that a newer build wrote: nothing is wrong with that one. */
export const readLog = (disk: Disk): Promise<LogReading> => readSegments(disk).catch(refuseNewer);

async function readSegments(disk: Disk): Promise<LogReading> {
  const numbers = (await disk.list(LOG_DIRECTORY)).map(segmentNumber).filter((number) => number !== undefined);
  numbers.sort((a, b) => a - b);
  // The longest run of numbers that ends with the last one.
  const begin = numbers.findLastIndex((number, i) => numbers[i - 1] !== number - 1);
  const run = begin === -1 ? [1] : numbers.slice(begin);
  const cursor: Cursor = {
    content: emptyContent(),
    place: { segment: run[0] ?? 1, sequence: 1, chain: 0 },
    segments: [],
  };
  let last: LastSegment = { position: 0, unmade: true, torn: false, lastWrite: { at: 0, bytes: new Uint8Array(0) } };
  for (const [i, number] of run.entries()) {
    const content = await disk.read(segmentPath(number));
    const bytes =
      content === undefined ? Buffer.alloc(0) : Buffer.from(content.buffer, content.byteOffset, content.length);
    last = readSegment(cursor, bytes, number, { first: i === 0, last: i === run.length - 1 });
  }
  requireWhole(cursor.content);
  releaseFiles(cursor.content);
  return { ...cursor, ...last, leftOver: numbers.slice(0, Math.max(0, begin)) };
}

function readSegment(
  cursor: Cursor,
  bytes: Buffer,
  number: number,
  is: { first: boolean; last: boolean },
): LastSegment {
  const path = segmentPath(number);
  const head = decodeSegmentHead(bytes, path);
  if (!is.first) cursor.place = { ...cursor.place, segment: number };
  cursor.segments.push({ number, highest: 0 });
  if (head === undefined) return unmadeSegment(cursor, bytes, number, is);
  if (head.place.segment !== number)
    throw new DamagedError(`${path}: it says that it is segment ${head.place.segment}`);
  if (is.first) {
    cursor.content = head.content;
    cursor.place = head.place;
  } else if (head.place.sequence !== cursor.place.sequence || head.place.chain !== cursor.place.chain) {
    throw new DamagedError(
      `${path}: it continues after batch ${head.place.sequence - 1}, but the segment before it ends with batch ` +
        `${cursor.place.sequence - 1}: batches are missing or altered`,
    );
  }
  return readFrames(cursor, bytes, head, is.last);
}

/**
 * [safety] A segment is synced with its head before the first batch goes into it, so a head that is not whole is a torn
 * one only in the last segment, and only while no batch stands behind it.
 */
function unmadeSegment(
  cursor: Cursor,
  bytes: Buffer,
  number: number,
  is: { first: boolean; last: boolean },
): LastSegment {
  const begun = findFrame(bytes, 0, number, cursor.place.sequence) !== undefined;
  if (!is.last || begun || (is.first && number > 1)) {
    throw new DamagedError(`${segmentPath(number)}: its head is damaged`);
  }
  return { position: 0, unmade: true, torn: false, lastWrite: { at: 0, bytes: new Uint8Array(0) } };
}

function readFrames(cursor: Cursor, bytes: Buffer, head: SegmentHead, isLast: boolean): LastSegment {
  const path = segmentPath(cursor.place.segment);
  let position = head.end;
  let lastWrite = { at: 0, bytes: bytes.subarray(0, head.end) };
  for (;;) {
    const frame = frameAt(bytes, position);
    const payload = frame === undefined ? undefined : wholePayload(cursor, bytes, position, frame);
    if (frame === undefined || payload === undefined) {
      const torn = !isZero(bytes, position);
      if (torn || isLast) requireTorn(cursor, bytes, position, frame, isLast);
      return { position, unmade: false, torn, lastWrite };
    }
    replay(cursor, payload, `${path}: batch ${frame.sequence}`);
    const end = position + FRAME_HEAD + frame.length;
    lastWrite = { at: position, bytes: bytes.subarray(position, end) };
    cursor.place = { ...cursor.place, sequence: frame.sequence + 1, chain: frame.chain };
    position = end;
  }
}

/** The payload, or undefined when the frame is broken; a whole head that does not belong here is damage. */
function wholePayload(cursor: Cursor, bytes: Buffer, position: number, frame: Frame): Buffer | undefined {
  const { segment, sequence, chain } = cursor.place;
  if (frame.segment === segment && frame.sequence === sequence && frame.previous === chain) {
    return payloadOf(bytes, position, frame);
  }
  throw new DamagedError(
    `${segmentPath(segment)}: at byte ${position} stands batch ${frame.sequence} of segment ${frame.segment} where ` +
      `batch ${sequence} of the chain was expected`,
  );
}

/**
 * [safety] Batches are written one at a time, each synced before the next: only the last one can be torn. So a broken
 * one is a torn tail if nothing was ever written after it, and damage if a later batch, or a later segment, exists.
 * Only the head of the later batch need be whole for that.
 */
function requireTorn(cursor: Cursor, bytes: Buffer, position: number, frame: Frame | undefined, isLast: boolean): void {
  const { segment, sequence } = cursor.place;
  // What a whole head says is the torn batch's own is not searched: a value may hold anything.
  const from = frame === undefined ? position : position + FRAME_HEAD + frame.length;
  const later = findFrame(bytes, from, segment, sequence + 1);
  if (isLast && later === undefined) return;
  throw new DamagedError(
    `${segmentPath(segment)}: batch ${sequence} at byte ${position} is broken, but ` +
      (later === undefined ? 'a later segment exists' : `a later batch stands at byte ${later}`) +
      ': it was written and synced, and is not any more what was written',
  );
}

function replay(cursor: Cursor, payload: Buffer, what: string): void {
  try {
    for (const record of decodeRecords(payload)) {
      applyRecord(cursor.content, record);
      noteRecord(cursor.segments, record);
    }
  } catch (error) {
    if (error instanceof UnknownVersionError || !(error instanceof DecodeError)) throw error;
    throw new DamagedError(`${what}: ${error.message}`, { cause: error });
  }
}

/** The entries that stay are copied out of the files' bytes, which could be hundreds of times as many. */
function releaseFiles(content: LogContent): void {
  content.entries = content.entries.map((entry) => decodeEntry(encodeEntry(entry).slice()));
}

/** Nothing is wrong with a log that a newer build wrote, but this one must not touch it. */
function refuseNewer(error: unknown): never {
  if (error instanceof UnknownVersionError) throw new DirectoryError(error.message, { cause: error });
  throw error;
}
