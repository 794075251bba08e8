/** The smallest log that keeps raft's promises: entries and hard state in memory, durable when a write ends. */
import {
  index,
  term,
  type Configuration,
  type Entry,
  type HardState,
  type Index,
  type LogView,
  type SnapshotMark,
  type Term,
} from '../../machines/language/vocabulary.js';

export interface Batch {
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
}

export interface TinyLog extends LogView {
  readonly hardState: HardState;
  write(batch: Batch): void;
  trim(mark: SnapshotMark): void;
  install(mark: SnapshotMark): void;
  /** The membership at the start, and every configuration entry after it. */
  configurations(): { readonly index: Index; readonly configuration: Configuration }[];
}

export function createLog(first: SnapshotMark): TinyLog {
  let start = first;
  let entries: Entry[] = [];
  let hardState: HardState = { term: term(0), vote: null, commit: index(0) };
  const lastIndex = (): number => start.index + entries.length;
  const log: TinyLog = {
    get hardState() {
      return hardState;
    },
    get start() {
      return start;
    },
    get last() {
      return index(lastIndex());
    },
    get bytes() {
      return entries.length * 64;
    },
    termAt(at): Term | undefined {
      return at === start.index ? start.term : entries[at - start.index - 1]?.term;
    },
    slice(from, to, bytes_max) {
      const found: Entry[] = [];
      let bytes = 0;
      for (let at: number = from; at <= Math.min(to, lastIndex()); at++) {
        const entry = entries[at - start.index - 1];
        if (entry === undefined) break;
        found.push(entry);
        bytes += entry.kind === 'command' ? entry.data.length + 32 : 64;
        if (bytes >= bytes_max) break;
      }
      return found;
    },
    write(batch) {
      hardState = batch.hardState;
      const head = batch.entries[0];
      if (head === undefined) return;
      entries.length = Math.max(0, head.index - start.index - 1);
      for (const entry of batch.entries) {
        if (entry.index === lastIndex() + 1) entries.push(entry);
        else if (entry.index > start.index) throw new Error(`a hole in the log before ${entry.index}`);
      }
    },
    trim(mark) {
      if (mark.index <= start.index) return;
      entries = entries.slice(mark.index - start.index);
      start = mark;
    },
    install(mark) {
      const fits = log.termAt(mark.index) === mark.term;
      entries = fits ? entries.slice(mark.index - start.index) : [];
      start = mark;
    },
    configurations() {
      const found = [{ index: start.index, configuration: start.configuration }];
      for (const entry of entries) {
        if (entry.kind === 'configuration') found.push({ index: entry.index, configuration: entry.configuration });
      }
      return found;
    },
  };
  return log;
}
