/** What the log's records add up to: the same fold replays them at open and follows them while the node runs. */
import { encodeEntry } from '../machines/language/codec.js';
import { unreachable } from '../machines/language/invariant.js';
import {
  type ClusterId,
  type Entry,
  type HardState,
  index,
  type Index,
  type Member,
  type SnapshotMark,
  term,
  type Term,
} from '../machines/language/vocabulary.js';
import type { LogRecord } from './log-records.js';
import { DamagedError, type LogState } from './ports.js';

export interface LogContent {
  start: SnapshotMark;
  hardState: HardState;
  cluster: ClusterId | null;
  /** Whom the first entry recorded; kept when that entry is trimmed, for members that were away then. */
  birth: readonly Member[] | null;
  stateDirectory: string;
  /**
   * Index of entries[0]. While the oldest segments are gone it may lie beyond start.index + 1: the records to come must
   * then move the start past the gap (wholeContent).
   */
  first: number;
  entries: Entry[];
  /** Bytes of the entries held. */
  bytes: number;
}

export const emptyContent = (): LogContent => ({
  start: { index: index(0), term: term(0), configuration: { voters: [], learners: [] } },
  hardState: { term: term(0), vote: null, commit: index(0) },
  cluster: null,
  birth: null,
  stateDirectory: 'store/0',
  first: 1,
  entries: [],
  bytes: 0,
});

export const lastIndex = (content: LogContent): Index => index(content.first + content.entries.length - 1);

export function termAt(content: LogContent, at: Index): Term | undefined {
  return at === content.start.index ? content.start.term : content.entries[at - content.first]?.term;
}

/** Entries in [from, to], cut after the first with which the bytes pass `bytes_max`. */
export function sliceOf(content: LogContent, from: Index, to: Index, bytes_max: number): readonly Entry[] {
  const [begin, end] = [Math.max(0, from - content.first), Math.max(0, to + 1 - content.first)];
  const entries = content.entries.slice(begin, end);
  let bytes = 0;
  const cut = entries.findIndex((entry) => (bytes += encodeEntry(entry).length) > bytes_max);
  return cut === -1 ? entries : entries.slice(0, cut + 1);
}

export function applyRecord(content: LogContent, record: LogRecord): void {
  switch (record.type) {
    case 'hardState':
      content.hardState = record.hardState;
      return;
    case 'entry':
      return appendEntry(content, record.entry);
    case 'birth':
      content.cluster = record.cluster;
      return;
    case 'install':
      content.cluster = record.cluster;
      content.stateDirectory = record.stateDirectory;
      if (!record.kept) {
        dropFrom(content, 0);
        content.first = record.mark.index + 1;
      }
      return moveStart(content, record.mark);
    case 'trim':
      return moveStart(content, record.mark);
    default:
      return unreachable(record);
  }
}

function appendEntry(content: LogContent, entry: Entry): void {
  const at = entry.index - content.first;
  if (at > content.entries.length) {
    throw new DamagedError(
      `raft log: entry ${entry.index} follows entry ${lastIndex(content)}; those between are missing`,
    );
  }
  if (entry.index <= content.start.index) {
    throw new DamagedError(`raft log: entry ${entry.index} replaces what was trimmed up to ${content.start.index}`);
  }
  dropFrom(content, Math.max(0, at));
  // Replaces entries of segments that are gone: those before it are still missing.
  if (at < 0) content.first = entry.index;
  content.entries.push(entry);
  if (entry.index === 1 && entry.kind === 'configuration') content.birth = entry.configuration.voters;
  content.bytes += encodeEntry(entry).length;
}

function moveStart(content: LogContent, mark: SnapshotMark): void {
  content.start = mark;
  const dropped = content.entries.splice(0, Math.max(0, mark.index + 1 - content.first));
  content.bytes -= bytesOf(dropped);
  if (content.entries.length === 0) content.first = Math.max(mark.index + 1, content.first + dropped.length);
  else content.first += dropped.length;
}

function dropFrom(content: LogContent, at: number): void {
  content.bytes -= bytesOf(content.entries.splice(at));
}

const bytesOf = (entries: readonly Entry[]): number =>
  entries.reduce((sum, entry) => sum + encodeEntry(entry).length, 0);

/** [safety] No index is missing between where the log starts and where it ends. */
export function requireWhole(content: LogContent): void {
  if (content.first === content.start.index + 1) return;
  throw new DamagedError(
    `raft log: it starts after entry ${content.start.index}, but the first one in its files is ${content.first}; ` +
      'a segment file is missing',
  );
}

export function logStateOf(content: LogContent): LogState {
  const { hardState, cluster, stateDirectory, start, entries } = content;
  return {
    // What was installed or trimmed is committed, whatever the last hard state knew.
    hardState: { ...hardState, commit: index(Math.max(hardState.commit, start.index)) },
    cluster,
    stateDirectory,
    configurations: [
      { index: start.index, configuration: start.configuration },
      ...entries.filter((entry) => entry.kind === 'configuration'),
    ].map(({ index: at, configuration }) => ({ index: at, configuration })),
  };
}
