/** A raft log in memory that shows only what was written: for tests of the core, which sees logs through a view. */
import type {
  Configuration,
  ConfigurationAt,
  Entry,
  HardState,
  Index,
  LogView,
  SnapshotMark,
  Term,
} from '../../machines/language/vocabulary.js';
import { index, term } from '../../machines/language/vocabulary.js';

const bytesOf = (entry: Entry): number => (entry.kind === 'command' ? entry.data.length + 32 : 128);

export class MemoryLog implements LogView {
  start: SnapshotMark;
  hardState: HardState;
  private entries: Entry[];

  constructor(start: SnapshotMark, entries: readonly Entry[], hardState: HardState) {
    this.start = start;
    this.entries = [...entries];
    this.hardState = hardState;
  }

  get last(): Index {
    return index(this.start.index + this.entries.length);
  }

  get bytes(): number {
    return this.entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  }

  termAt(at: Index): Term | undefined {
    if (at === this.start.index) return this.start.term;
    return this.entries[at - this.start.index - 1]?.term;
  }

  slice(from: Index, to: Index, bytes_max: number): readonly Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let at = from; at <= to; at = index(at + 1)) {
      const entry = this.entries[at - this.start.index - 1];
      if (entry === undefined) break;
      found.push(entry);
      bytes += bytesOf(entry);
      if (bytes >= bytes_max) break;
    }
    return found;
  }

  get all(): readonly Entry[] {
    return this.entries;
  }

  write(batch: { readonly hardState: HardState; readonly entries: readonly Entry[] }): void {
    this.hardState = batch.hardState;
    const from = batch.entries[0]?.index;
    if (from === undefined) return;
    if (from > this.last + 1 || from <= this.start.index) {
      throw new Error(`entries from ${from} do not follow a log of ${this.start.index}..${this.last}`);
    }
    this.entries.length = from - this.start.index - 1;
    for (const entry of batch.entries) this.entries.push(entry);
  }

  trim(mark: SnapshotMark): void {
    this.entries = this.entries.slice(mark.index - this.start.index);
    this.start = mark;
  }

  install(mark: SnapshotMark): void {
    if (this.termAt(mark.index) === mark.term) {
      this.trim(mark);
      return;
    }
    this.start = mark;
    this.entries = [];
  }

  /** The membership at the start, and every configuration entry after it. */
  get configurations(): readonly ConfigurationAt[] {
    const found: ConfigurationAt[] = [{ index: this.start.index, configuration: this.start.configuration }];
    for (const entry of this.entries) {
      if (entry.kind === 'configuration') found.push({ index: entry.index, configuration: entry.configuration });
    }
    return found;
  }
}

/** The start of a log that nothing was trimmed from. */
export const atBirth = (configuration: Configuration): SnapshotMark => ({
  index: index(0),
  term: term(0),
  configuration,
});
