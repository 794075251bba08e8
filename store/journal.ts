/**
 * The journal: one row a batch. As a link it carries (from, to), so that a batch which the engine lost is found at open
 * (RocksDB may drop one in the middle without a word); beside it stand the keys the batch changed, so that open()
 * builds the key index without reading a value. Older rows are folded into pages of the index.
 */
import { invariant } from '../machines/language/invariant.js';
import { makeReader, makeWriter } from './bytes-writer.js';
import type { KeyHistory } from './key-history.js';
import type { KeyIndex } from './key-index.js';
import type { Change } from './revision.js';

/** The state at one applied index, as far as single numbers say it. */
export interface Mark {
  readonly index: number;
  readonly term: number;
  readonly revision: number;
  /** -1 before any compaction. */
  readonly compact_revision: number;
  /** Of records in the engine, estimated: what compaction took is counted by the average. Not replicated state. */
  readonly records: number;
  readonly record_bytes: number;
}

export const EMPTY_MARK: Mark = {
  index: 0,
  term: 0,
  // B-01
  revision: 1,
  compact_revision: -1,
  records: 0,
  record_bytes: 0,
};

const writer = makeWriter(64 * 1024);

export function encodeLink(from: number, mark: Mark, changes: readonly Change[]): Buffer {
  writer.number(from);
  writer.number(mark.index);
  writer.number(mark.term);
  writer.number(mark.revision);
  writer.number(mark.compact_revision + 1);
  writer.number(mark.records);
  writer.number(mark.record_bytes);
  for (const change of changes) {
    writer.latin1(change.key);
    writer.number(change.main);
    writer.number(change.sub * 2 + Number(change.tombstone));
    if (change.tombstone) continue;
    writer.number(change.main - change.kv.create_revision);
    writer.number(change.kv.version);
  }
  return writer.take();
}

/** Reads a link; its changes go into the index, those it knows already count once. */
export function replayLink(row: Uint8Array, index: KeyIndex): { readonly from: number; readonly mark: Mark } {
  const reader = makeReader(row);
  const from = reader.number();
  const mark: Mark = {
    index: reader.number(),
    term: reader.number(),
    revision: reader.number(),
    compact_revision: reader.number() - 1,
    records: reader.number(),
    record_bytes: reader.number(),
  };
  while (!reader.done) {
    const key = reader.latin1();
    const main = reader.number();
    const flags = reader.number();
    const tombstone = flags % 2 === 1;
    const create = tombstone ? 0 : main - reader.number();
    const version = tombstone ? 0 : reader.number();
    invariant(main <= mark.revision, 'a link holds no change after its revision', { main, mark });
    index.add({ key, main, sub: Math.floor(flags / 2), tombstone }, create, version);
  }
  return { from, mark };
}

/* ---- pages ---------------------------------------------------------------------------------------------------- */

const pageWriter = makeWriter(128 * 1024);

/** Gathers keys into one page; `take` gives its bytes. */
export const page = {
  get bytes(): number {
    return pageWriter.length;
  },
  add(key: string, history: KeyHistory): void {
    pageWriter.latin1(key);
    if (typeof history === 'number') {
      pageWriter.number(1);
      pageWriter.number(history);
      return;
    }
    pageWriter.number(history.length);
    for (const number of history) pageWriter.number(number);
  },
  take: (): Buffer => pageWriter.take(),
};

/** Adds what a page holds to the keys and histories read so far. */
export function readPage(row: Uint8Array, keys: string[], histories: KeyHistory[]): void {
  const reader = makeReader(row);
  while (!reader.done) {
    keys.push(reader.latin1());
    const length = reader.number();
    if (length === 1) {
      histories.push(reader.number());
      continue;
    }
    const history: number[] = [];
    for (let i = 0; i < length; i++) history.push(reader.number());
    histories.push(history);
  }
}
