/**
 * The log's files, log/<number>: a head that says everything the segments before it came to, then frames, then zeros. A
 * log can therefore be read from any segment on, as long as the entries it still needs are there.
 */
import { crc32c } from '@node-rs/crc32';
import { pack, unpack } from '../machines/language/codec.js';
import { configurationFromRow, configurationToRow } from '../machines/language/peer-rows.js';
import { count, id64, list, row, text, UnknownVersionError } from '../machines/language/rows.js';
import type { ClusterId } from '../machines/language/vocabulary.js';
import { emptyContent, lastIndex, type LogContent } from './log-content.js';
import type { Place } from './log-frames.js';
import { hardStateFromRow, hardStateToRow, markFromRow, markToRow } from './log-records.js';

export const LOG_DIRECTORY = 'log';
const MAGIC = Buffer.from('QUORATEL', 'latin1');
const SEGMENT_VERSION = 1;
/** magic (8), version (4), length of the body (4), crc of both and the body (4) */
const HEAD = 20;

export const segmentPath = (number: number): string => `${LOG_DIRECTORY}/${String(number).padStart(16, '0')}`;

/** The number of a segment's file, or undefined for any other name. */
export const segmentNumber = (name: string): number | undefined => (/^\d{16}$/.test(name) ? Number(name) : undefined);

export interface SegmentHead {
  readonly place: Place;
  readonly content: LogContent;
  /** Where its first frame stands. */
  readonly end: number;
}

export function encodeSegmentHead(place: Place, content: LogContent): Uint8Array {
  const body = pack([
    [place.segment, place.sequence, place.chain],
    hardStateToRow(content.hardState),
    markToRow(content.start),
    content.cluster,
    content.stateDirectory,
    lastIndex(content),
    content.birth === null ? null : configurationToRow({ voters: content.birth, learners: [] }),
  ]);
  const bytes = Buffer.alloc(HEAD + body.length);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(SEGMENT_VERSION, 8);
  bytes.writeUInt32BE(body.length, 12);
  bytes.set(body, HEAD);
  bytes.writeUInt32BE(headCrc(bytes, body.length), 16);
  return bytes;
}

/** The head, or undefined when it is not whole: torn while the file was made, or damaged. */
export function decodeSegmentHead(bytes: Buffer, path: string): SegmentHead | undefined {
  if (bytes.length < HEAD || MAGIC.compare(bytes, 0, 8) !== 0) return undefined;
  const length = bytes.readUInt32BE(12);
  if (HEAD + length > bytes.length || headCrc(bytes, length) !== bytes.readUInt32BE(16)) return undefined;
  const version = bytes.readUInt32BE(8);
  if (version !== SEGMENT_VERSION) throw new UnknownVersionError(path, version, SEGMENT_VERSION);
  const [at, hardState, start, cluster, stateDirectory, last, birth] = row(
    unpack(bytes.subarray(HEAD, HEAD + length)),
    7,
    `${path}: head`,
  );
  const [segment, sequence, chain] = list(at, 'head.place').map((value) => count(value, 'head.place'));
  return {
    place: { segment: segment ?? 0, sequence: sequence ?? 0, chain: chain ?? 0 },
    content: {
      ...emptyContent(),
      start: markFromRow(start),
      hardState: hardStateFromRow(hardState),
      cluster: cluster === null ? null : (id64(cluster, 'head.cluster') as ClusterId),
      birth: birth === null ? null : configurationFromRow(birth).voters,
      stateDirectory: text(stateDirectory, 'head.stateDirectory'),
      first: count(last, 'head.last') + 1,
    },
    end: HEAD + length,
  };
}

const headCrc = (bytes: Buffer, length: number): number =>
  crc32c(bytes.subarray(HEAD, HEAD + length), crc32c(bytes.subarray(0, 16)));
