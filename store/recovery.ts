/**
 * Opening: the key index from its pages and the journal after them, the request records, the marks. No value is read.
 * [safety] The chain of applied indexes must be unbroken from the base to its end, or the state is not what was
 * written.
 */
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { KeyValue } from '../machines/language/commands.js';
import { makeDraft } from './draft.js';
import { type Mark, readPage, replayLink } from './journal.js';
import { isDeleted, type KeyHistory, type Place } from './key-history.js';
import { FIRST_KEY, type KeyIndex, makeKeyIndex, PAST_LAST_KEY } from './key-index.js';
import {
  journalPrefix,
  numberKey,
  numberOfKey,
  numberPartKey,
  pagePrefix,
  prefixRange,
  requestsPrefix,
} from './keys.js';
import { loadLeases } from './lease-table.js';
import { DamagedError, DirectoryError, type Engine } from './ports.js';
import { decodeRecords, makeRequestTable, oldestForgotten, type RequestTable } from './requests.js';
import {
  type Base,
  baseKey,
  compactionKey,
  configurationKey,
  decodeJson,
  decodeStoredConfiguration,
  EMPTY_BASE,
  makeTurns,
  NOT_CONFIGURED,
  type StoreState,
} from './state.js';
import { makeReadBudget } from './read-budget.js';
import { makeValueCache } from './value-cache.js';

const PAGE_BYTES = 1024 * 1024;

/** `fetched` looks up records that were read for the batch at hand. */
export async function recoverState(
  engine: Engine,
  clock: Clock,
  fetched: (place: Place) => KeyValue | undefined,
): Promise<StoreState> {
  const [baseRow, configurationRow, compactionRow] = await engine.getMany([baseKey, configurationKey, compactionKey]);
  const base = baseRow === undefined ? EMPTY_BASE : readBase(baseRow);
  const index = await loadPages(engine, base);
  const { written, journal_bytes } = await replayJournal(engine, base, index);
  const requests = makeRequestTable();
  const request_rows = await loadRequests(engine, written.index, requests);
  const leases = await loadLeases(engine, PAGE_BYTES);
  const cache = makeValueCache(limits.value_cache_bytes);
  const budget = makeReadBudget(clock, limits.read_bytes_max, limits.reads_bytes_max);
  return {
    engine,
    index,
    draft: makeDraft(index, leases, (key, place) => cache.get(key, place) ?? fetched(place), written),
    leases,
    draft_index: written.index,
    requests,
    cache,
    budget,
    written,
    configuration: configurationRow === undefined ? NOT_CONFIGURED : decodeStoredConfiguration(configurationRow),
    base,
    journal_bytes,
    request_rows,
    keys: countLiving(index),
    finished_compaction:
      compactionRow === undefined ? -1 : (decodeJson(compactionRow) as { revision: number }).revision,
    inTurn: makeTurns(),
    closed: false,
  };
}

function readBase(row: Uint8Array): Base {
  const base = decodeJson(row) as Base;
  if ((base.format as number) === 1) return base;
  throw new DirectoryError(
    `the store has format ${String(base.format)}; this build knows format 1: start a newer build`,
  );
}

async function loadPages(engine: Engine, base: Base): Promise<KeyIndex> {
  const from = numberPartKey(pagePrefix, base.generation, 0);
  const to = numberPartKey(pagePrefix, base.generation + 1, 0);
  const keys: string[] = [];
  const histories: KeyHistory[] = [];
  let pages = 0;
  for await (const rows of engine.iterate(from, to, PAGE_BYTES)) {
    for (const [, row] of rows) readPage(row, keys, histories);
    pages += rows.length;
  }
  if (pages === base.pages) return makeKeyIndex(keys, histories);
  throw new DamagedError(`store: the key index has ${pages} pages of generation ${base.generation}, not ${base.pages}`);
}

async function replayJournal(
  engine: Engine,
  base: Base,
  index: KeyIndex,
): Promise<{ readonly written: Mark; readonly journal_bytes: number }> {
  let written = base.mark;
  let journal_bytes = 0;
  // Rows at and before the base may be left over; they are in the pages.
  const from = numberKey(journalPrefix, base.mark.index + 1);
  for await (const rows of engine.iterate(from, prefixRange(journalPrefix)[1], PAGE_BYTES)) {
    for (const [, row] of rows) {
      const link = replayLink(row, index);
      if (link.from !== written.index) {
        throw new DamagedError(
          `store: batches are lost: the one to ${link.mark.index} follows ${link.from}, we are at ${written.index}`,
        );
      }
      written = link.mark;
      journal_bytes += row.length;
    }
  }
  if (written.index >= base.pages_to) return { written, journal_bytes };
  throw new DamagedError(`store: the state ends at ${written.index}, but it was once at ${base.pages_to}`);
}

async function loadRequests(engine: Engine, applied: number, requests: RequestTable): Promise<number[]> {
  const kept: number[] = [];
  const oldest = oldestForgotten(applied);
  for await (const rows of engine.iterate(...prefixRange(requestsPrefix), PAGE_BYTES)) {
    for (const [key, row] of rows) {
      kept.push(numberOfKey(key));
      for (const record of decodeRecords(row)) if (record.index > oldest) requests.add(record);
    }
  }
  return kept;
}

function countLiving(index: KeyIndex): number {
  let keys = 0;
  index.visit(FIRST_KEY, PAST_LAST_KEY, Infinity, (_key, history) => void (keys += isDeleted(history) ? 0 : 1));
  return keys;
}
