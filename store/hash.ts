/** Hashes by which members are compared: of the key-value data up to a revision, and of the whole replicated state. */
import { crc32c } from '@node-rs/crc32';
import type { HashKvResult, StoredConfiguration } from '../machines/language/commands.js';
import type { Index, Revision } from '../machines/language/vocabulary.js';
import { isNewestAt } from './key-history.js';
import {
  attachmentPrefix,
  journalPrefix,
  leasePrefix,
  numberKey,
  numberOfKey,
  partOfKey,
  prefixRange,
  revisionPrefix,
} from './keys.js';
import type { Mark } from './journal.js';
import type { EnginePair } from './ports.js';
import { revisionAsked } from './reads.js';
import { encodeRecords } from './requests.js';
import { keyOfRecord } from './revision.js';
import { encodeStoredConfiguration, type StoreState } from './state.js';

type Pages = AsyncIterable<readonly EnginePair[]>;

export async function hashKv(state: StoreState, asked: number): Promise<HashKvResult> {
  for (;;) {
    const hash_revision = revisionAsked(state, asked);
    const { revision, compact_revision } = state.written;
    const pages = state.engine.iterate(...prefixRange(revisionPrefix));
    const hash = await hashRecords(state, pages, compact_revision, hash_revision, 0);
    // A compaction during the walk has taken from the index what decides which records count.
    if (state.written.compact_revision !== compact_revision) continue;
    return { revision: revision as Revision, hash, compact_revision, hash_revision };
  }
}

export async function hashState(state: StoreState): Promise<{ readonly applied: Index; readonly hash: number }> {
  for (;;) {
    // In turn: the records iterated are those of the very state whose numbers are taken.
    const taken = await state.inTurn(async () => ({
      mark: state.written,
      hash: hashRest(state.written, state.configuration, encodeRecords(state.requests.remembered(state.written.index))),
      leases: [
        state.engine.iterate(...prefixRange(leasePrefix)),
        state.engine.iterate(...prefixRange(attachmentPrefix)),
      ],
      pages: state.engine.iterate(...prefixRange(revisionPrefix)),
    }));
    const { index, revision, compact_revision } = taken.mark;
    let start = taken.hash;
    for (const pages of taken.leases) start = await hashPairs(pages, start);
    const hash = await hashRecords(state, taken.pages, compact_revision, revision, start);
    if (state.written.compact_revision === compact_revision) return { applied: index as Index, hash };
  }
}

function hashRest(mark: Mark, configuration: StoredConfiguration, requests: Uint8Array): number {
  const numbers = [mark.index, mark.term, mark.revision, mark.compact_revision + 1];
  const start = numbers.reduce((hash, number) => crc32c(numberKey(journalPrefix, number), hash), 0);
  return crc32c(requests, crc32c(encodeStoredConfiguration(configuration), start));
}

async function hashPairs(pages: Pages, start: number): Promise<number> {
  let hash = start;
  for await (const page of pages) for (const [key, value] of page) hash = crc32c(value, crc32c(key, hash));
  return hash;
}

/**
 * In revision order, all records after the compaction and up to `revision`; of those before, what a compaction at
 * `revision` would keep: so members agree, however far each is with its physical work (B-26).
 */
async function hashRecords(
  state: StoreState,
  pages: Pages,
  compact_revision: number,
  revision: number,
  start: number,
): Promise<number> {
  let hash = start;
  for await (const page of pages) {
    for (const [key, record] of page) {
      const main = numberOfKey(key);
      if (main > revision) return hash;
      if (main <= compact_revision && !isKept(state, main, partOfKey(key), record, revision)) continue;
      hash = crc32c(record, crc32c(key, hash));
    }
  }
  return hash;
}

function isKept(state: StoreState, main: number, sub: number, record: Uint8Array, revision: number): boolean {
  const { key, tombstone } = keyOfRecord(record);
  if (tombstone && main !== revision) return false;
  const history = state.index.get(key);
  return history !== undefined && isNewestAt(history, revision, main, sub);
}
