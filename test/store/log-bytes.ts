/** A log's bytes on the tests' own disk: where its batches stand, so that tests can damage them. */
import { segmentPath } from '../../store/log-segments.js';
import { entries, hardState, openLog, small } from './log-support.js';
import { memoryDisk, type MemoryDisk } from './memory-disk.js';

export const PATH = segmentPath(1);
/** One segment for all of it. */
export const large = { ...small, segment_bytes: 1 << 20 };
export const bytesOf = (disk: MemoryDisk, path = PATH): Buffer => disk.files.get(path) as Buffer;

/** Where the frames of a segment stand. */
export function framesOf(disk: MemoryDisk, path = PATH): { at: number; end: number }[] {
  const bytes = bytesOf(disk, path);
  const frames: { at: number; end: number }[] = [];
  for (let at = bytes.indexOf('QRB1'); at !== -1; at = bytes.indexOf('QRB1', at + 1)) {
    frames.push({ at, end: at + 32 + bytes.readUInt32BE(at + 16) });
  }
  return frames;
}

/** Three batches, the last with three entries, and no close: as a power loss leaves it. */
export async function threeBatches(): Promise<MemoryDisk> {
  const disk = memoryDisk();
  const { log } = await openLog(disk, large);
  await log.write({ hardState: hardState(1), entries: entries(1, 2, 1) });
  await log.write({ hardState: hardState(2), entries: entries(3, 4, 2) });
  await log.write({ hardState: hardState(3), entries: entries(5, 7, 3) });
  return disk;
}
