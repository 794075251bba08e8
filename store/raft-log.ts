/** The raft log in segment files: one write and one sync for each batch, and a synchronous view of what is durable. */
import 'reflect-metadata';
import { inject, Lifecycle, scoped } from 'tsyringe';
import { invariant, InvariantError } from '../machines/language/invariant.js';
import type {
  ClusterId,
  Entry,
  HardState,
  Index,
  Member,
  SnapshotMark,
  Term,
} from '../machines/language/vocabulary.js';
import { term } from '../machines/language/vocabulary.js';
import { clusterIdOf, firstEntryOf } from './birth.js';
import { applyRecord, emptyContent, lastIndex, type LogContent, logStateOf, sliceOf, termAt } from './log-content.js';
import { FRAME_HEAD, type Place, sealFrame } from './log-frames.js';
import { type LogReading, noteRecord, readLog, type SegmentInfo } from './log-reader.js';
import { encodeRecords, type LogRecord } from './log-records.js';
import { LOG_OPTIONS, type LogOptions } from './log-options.js';
import { encodeSegmentHead, LOG_DIRECTORY, segmentPath } from './log-segments.js';
import {
  type Birth,
  DamagedError,
  DirectoryError,
  DISK,
  type Disk,
  DiskError,
  type DiskFile,
  type LogState,
  type LogStore,
} from './ports.js';

@scoped(Lifecycle.ContainerScoped)
export class RaftLog implements LogStore {
  #content: LogContent = emptyContent();
  #segments: SegmentInfo[] = [];
  #place: Place = { segment: 1, sequence: 1, chain: 0 };
  #position = 0;
  #file: DiskFile | null = null;
  #failure: DiskError | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  written_bytes = 0;

  constructor(
    @inject(DISK) private readonly disk: Disk,
    @inject(LOG_OPTIONS) private readonly options: LogOptions,
  ) {}

  get start(): SnapshotMark {
    return this.#content.start;
  }
  get last(): Index {
    return lastIndex(this.#content);
  }
  get bytes(): number {
    return this.#content.bytes;
  }
  get birth(): readonly Member[] | null {
    return this.#content.birth;
  }
  termAt(at: Index): Term | undefined {
    return termAt(this.#content, at);
  }
  slice(from: Index, to: Index, bytes_max: number): readonly Entry[] {
    return sliceOf(this.#content, from, to, bytes_max);
  }

  open(): Promise<LogState> {
    return this.#inTurn('open', async () => {
      invariant(this.#file === null, 'a log that is open is not opened again');
      await this.disk.makeDirectory(LOG_DIRECTORY);
      const reading = await readLog(this.disk);
      this.#content = reading.content;
      this.#segments = reading.segments;
      this.#place = reading.place;
      await (reading.unmade ? this.#makeSegment() : this.#continueSegment(reading));
      for (const number of reading.leftOver) await this.disk.remove(segmentPath(number));
      await this.#removeOldSegments();
      return logStateOf(this.#content);
    });
  }

  bear(birth: Birth): Promise<LogState> {
    return this.#inTurn('bear', async () => {
      const { cluster, start, hardState } = this.#content;
      invariant(cluster === null && this.last === 0 && start.index === 0, 'a cluster is born into an empty log', {
        cluster,
      });
      await this.#append([
        { type: 'hardState', hardState: { ...hardState, term: term(Math.max(1, hardState.term)) } },
        { type: 'birth', cluster: clusterIdOf(birth) },
        { type: 'entry', entry: firstEntryOf(birth) },
      ]);
      return logStateOf(this.#content);
    });
  }

  write(batch: { readonly hardState: HardState; readonly entries: readonly Entry[] }): Promise<void> {
    return this.#inTurn('write', () => {
      const records: LogRecord[] = [{ type: 'hardState', hardState: batch.hardState }];
      let previous = batch.entries.length > 0 ? (batch.entries[0] as Entry).index - 1 : this.last;
      invariant(previous >= this.start.index && previous <= this.last, 'entries follow the log or replace its end', {
        previous,
        start: this.start.index,
        last: this.last,
      });
      for (const entry of batch.entries) {
        invariant(entry.index === previous + 1, 'entries of a batch follow each other', {
          entry: entry.index,
          previous,
        });
        previous = entry.index;
        records.push({ type: 'entry', entry });
      }
      return this.#append(records);
    });
  }

  trim(mark: SnapshotMark): Promise<void> {
    return this.#inTurn('trim', async () => {
      if (mark.index <= this.start.index) return;
      invariant(this.termAt(mark.index) === mark.term, 'a log is trimmed at an entry it holds', {
        mark,
        last: this.last,
      });
      await this.#append([{ type: 'trim', mark }]);
      await this.#removeOldSegments();
    });
  }

  install(mark: SnapshotMark, stateDirectory: string, cluster: ClusterId): Promise<void> {
    return this.#inTurn('install', async () => {
      // At the start itself: the log is whole, and the state that was lost comes back with the snapshot.
      invariant(mark.index >= this.start.index, 'an installed snapshot is not older than the log', { mark });
      const kept = this.termAt(mark.index) === mark.term;
      await this.#append([{ type: 'install', mark, stateDirectory, cluster, kept }]);
      await this.#removeOldSegments();
    });
  }

  /**
   * [safety] An empty batch closes the log: from then on a flipped bit in the batch before it is damage, not a torn
   * tail.
   */
  async close(): Promise<void> {
    await this.#turn;
    if (this.#failure === null && this.#file !== null) await this.#inTurn('close', () => this.#append([]));
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /**
   * One after the other. [safety] After a failed write or sync nothing is known about the file: every later call fails
   * with the same error, and no sync is tried again.
   */
  #inTurn<T>(what: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(async () => {
      if (this.#failure !== null) throw this.#failure;
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Error) || isFinding(error)) throw error;
        this.#failure = new DiskError(`raft log: ${what} failed: ${error.message}; nothing more can be kept`, {
          cause: error,
        });
        throw this.#failure;
      }
    });
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** [safety] One synced write; the view changes only when it has succeeded. */
  async #append(records: readonly LogRecord[]): Promise<void> {
    if (this.#position >= this.options.segment_bytes) await this.#nextSegment();
    const file = this.#requireFile();
    const bytes = encodeRecords(records);
    const chain = sealFrame(bytes, this.#place);
    const end = this.#position + bytes.length;
    if (end + FRAME_HEAD > file.size) {
      await file.allocate(end + this.options.allocation_bytes);
      // Or each batch that goes there would have to change metadata.
      await file.sync();
    }
    await file.writeSynced(bytes, this.#position);
    this.#position = end;
    this.written_bytes += bytes.length;
    this.#place = { ...this.#place, sequence: this.#place.sequence + 1, chain };
    for (const record of records) {
      applyRecord(this.#content, record);
      noteRecord(this.#segments, record);
    }
  }

  async #nextSegment(): Promise<void> {
    await this.#requireFile().close();
    this.#place = { ...this.#place, segment: this.#place.segment + 1 };
    this.#segments.push({ number: this.#place.segment, highest: 0 });
    await this.#makeSegment();
  }

  /** [safety] File, head and name are durable before the first batch goes into it. */
  async #makeSegment(): Promise<void> {
    const file = await this.disk.open(segmentPath(this.#place.segment));
    this.#file = file;
    if (file.size > 0) await file.truncate(0);
    const head = encodeSegmentHead(this.#place, this.#content);
    await file.write(head, 0);
    await file.allocate(head.length + this.options.allocation_bytes);
    await file.sync();
    await this.disk.syncDirectory(LOG_DIRECTORY);
    this.#position = head.length;
  }

  /**
   * [safety] The last batch may be there only for this reading: handed over before a kill and never synced, or its sync
   * failed and the kernel now thinks it clean. It is written again, so that this sync covers it, before anything is
   * promised on it. The torn tail is gone before the first new batch: its bytes are never read as records later.
   */
  async #continueSegment(reading: LogReading): Promise<void> {
    const file = await this.disk.open(segmentPath(this.#place.segment));
    this.#file = file;
    this.#position = reading.position;
    if (reading.torn) await file.truncate(reading.position);
    await file.write(reading.lastWrite.bytes, reading.lastWrite.at);
    await file.allocate(reading.position + this.options.allocation_bytes);
    await file.sync();
    await this.disk.syncDirectory(LOG_DIRECTORY);
  }

  /** [safety] Only after the record that moved the log's start is durable; and the oldest first. */
  async #removeOldSegments(): Promise<void> {
    while (this.#segments.length > 1 && (this.#segments[0] as SegmentInfo).highest <= this.start.index) {
      await this.disk.remove(segmentPath((this.#segments.shift() as SegmentInfo).number));
    }
  }

  #requireFile(): DiskFile {
    invariant(this.#file !== null, 'the log is open');
    return this.#file;
  }
}

/** What this node got wrong, or found on its disk, as against what the disk failed to do. */
function isFinding(error: Error): boolean {
  return error instanceof InvariantError || error instanceof DamagedError || error instanceof DirectoryError;
}
