/** Reads of the state as written: it never holds a half revision, and no read waits for a write. */
import { EMPTY } from '../machines/language/bytes.js';
import type { KeyValue, RangeRequest, RangeResult, TxnRequest, TxnResult } from '../machines/language/commands.js';
import { errorOf } from '../machines/language/errors.js';
import { invariant } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import type { Clock } from '../machines/language/time.js';
import type { Revision } from '../machines/language/vocabulary.js';
import { decideOperation } from './decide.js';
import { makeDraft } from './draft.js';
import { isAliveAt, type Place, placeAt } from './key-history.js';
import { type KeyRange, keyRange } from './key-index.js';
import { DamagedError } from './ports.js';
import { finishRange, type Found, type Located, rowsToRead, rowsWanted } from './range.js';
import { decodeRecord, revisionKey } from './revision.js';
import type { StoreState } from './state.js';

/** Records fetched in one call: few at first, then as many as their size allows. */
const RECORDS_AT_FIRST = 32;
const RECORDS_PER_FETCH = 1_000;
const BYTES_PER_FETCH = 4 * 1024 * 1024;
/** An answer above this has a turn of the event loop to itself. */
const BYTES_PER_TURN = 256 * 1024;
/** Few rows of the newest revisions are kept at hand; a large scan would only push others out. */
const ROWS_CACHED_MAX = 16;
const NOTHING_FOUND: Found = { count: 0, located: [] };

export async function readRange(state: StoreState, clock: Clock, request: RangeRequest): Promise<RangeResult> {
  const range = keyRange(request.key, request.range_end);
  for (;;) {
    const { revision } = state.written;
    const at = revisionAsked(state, request.revision);
    const found = await locate(state, clock, range, at, rowsWanted(request));
    const withValues = !request.keys_only || request.sort_target === 'value';
    const rows = await fetchRecords(state, rowsToRead(request, found.located), withValues);
    // A compaction that came by may have taken what was to be read: then the question is asked again, of the state now.
    if (state.written.compact_revision > at) continue;
    if (rows === null) throw new DamagedError(`store: records of revision ${at} are missing`);
    const result = finishRange(request, revision as Revision, found.count, rows);
    if (bytesOf(result.kvs) > BYTES_PER_TURN) await state.budget.turn();
    return result;
  }
}

/** One key whose record is in memory, answered without a pause; null where that is not so. */
export function readAtHand(state: StoreState, request: RangeRequest): RangeResult | null {
  const range = keyRange(request.key, request.range_end);
  if (!range.single) return null;
  const revision = state.written.revision as Revision;
  const found = locateOne(state, range.from, revisionAsked(state, request.revision), rowsWanted(request));
  const rows: KeyValue[] = [];
  for (const { key, place } of found.located) {
    const kv = state.cache.get(key, place);
    if (kv === undefined) return null;
    rows.push(kv);
  }
  return finishRange(request, revision, found.count, rows);
}

const bytesOf = (kvs: readonly KeyValue[]): number =>
  kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0);

/** Throws Compacted and FutureRev; 0 and below ask for the current revision. */
export function revisionAsked(state: StoreState, asked: number): number {
  const { revision, compact_revision } = state.written;
  if (asked <= 0) return revision;
  if (asked > revision) throw errorOf('FutureRev');
  if (asked < compact_revision) throw errorOf('Compacted');
  return asked;
}

function locateOne(state: StoreState, key: string, revision: number, rows_max: number): Found {
  const history = state.index.get(key);
  const place = history === undefined ? undefined : placeAt(history, revision);
  if (place === undefined) return NOTHING_FOUND;
  return { count: 1, located: rows_max > 0 ? [{ key, place }] : [] };
}

async function locate(
  state: StoreState,
  clock: Clock,
  range: KeyRange,
  revision: number,
  rows_max: number,
): Promise<Found> {
  if (range.single) return locateOne(state, range.from, revision, rows_max);
  const located: Located[] = [];
  let count = 0;
  let next: string | undefined = range.from;
  while (next !== undefined) {
    next = state.index.visit(next, range.to, limits.keys_per_turn_max, (key, history) => {
      if (located.length >= rows_max) {
        if (isAliveAt(history, revision)) count++;
        return;
      }
      const place = placeAt(history, revision);
      if (place === undefined) return;
      count++;
      located.push({ key, place });
    });
    if (next !== undefined) await new Promise<void>((resolve) => clock.soon(resolve));
  }
  return { count, located };
}

/** The records in the order asked, or null when one is not there. */
async function fetchRecords(
  state: StoreState,
  wanted: readonly Located[],
  withValues: boolean,
): Promise<readonly KeyValue[] | null> {
  const rows: (KeyValue | undefined)[] = wanted.map(({ key, place }) => state.cache.get(key, place));
  const absent = [...rows.keys()].filter((i) => rows[i] === undefined);
  const few = wanted.length <= ROWS_CACHED_MAX;
  let complete = true;
  await fetchInPages(
    state,
    absent.map((i) => (wanted[i] as Located).place),
    (n, kv) => {
      if (kv === undefined) return (complete = false);
      const i = absent[n] as number;
      // A key is a view of its record, which would be kept with it.
      rows[i] = withValues ? kv : { ...kv, key: kv.key.slice(), value: EMPTY };
      if (few) state.cache.set((wanted[i] as Located).key, kv);
      return true;
    },
    withValues,
  );
  return complete ? (rows as readonly KeyValue[]) : null;
}

/** Hands over each record, undefined where there is none, until it is told to stop by `false`. */
async function fetchInPages(
  state: StoreState,
  places: readonly Place[],
  take: (n: number, kv: KeyValue | undefined) => boolean,
  withValues = true,
): Promise<void> {
  // A few records at once are no burden, and most reads are of few.
  const share = places.length > ROWS_CACHED_MAX ? state.budget.enter() : null;
  try {
    let page = RECORDS_AT_FIRST;
    for (let from = 0; from < places.length;) {
      const some = places.slice(from, from + page);
      const records = await state.engine.getMany(some.map(({ main, sub }) => revisionKey(main, sub)));
      let read = 1;
      let kept = 0;
      for (const [n, place] of some.entries()) {
        const record = records[n];
        read += record?.length ?? 0;
        const kv = record === undefined ? undefined : decodeRecord(record, place.main);
        kept += (kv?.key.length ?? 0) + (withValues ? (kv?.value.length ?? 0) : 0);
        if (!take(from + n, kv)) return;
      }
      from += some.length;
      page = Math.max(1, Math.min(RECORDS_PER_FETCH, Math.floor((some.length * BYTES_PER_FETCH) / read)));
      await share?.take(kept);
    }
  } finally {
    share?.leave();
  }
}

/** The records at places that must exist. */
export async function fetchPlaces(state: StoreState, places: readonly Place[]): Promise<readonly KeyValue[]> {
  const records = await state.engine.getMany(places.map(({ main, sub }) => revisionKey(main, sub)));
  return places.map(({ main, sub }, n) => {
    const record = records[n];
    if (record === undefined) throw new DamagedError(`store: the record of revision ${main}.${sub} is missing`);
    return decodeRecord(record, main);
  });
}

/**
 * A transaction that only reads, all of it at one revision: it runs on the index as written without a pause; records
 * that are not at hand are fetched, and it runs again.
 */
export async function readTxn(state: StoreState, txn: TxnRequest): Promise<TxnResult> {
  const fetched = new Map<string, KeyValue>();
  let fetched_bytes = 0;
  const name = (place: Place): string => `${place.main}.${place.sub}`;
  for (;;) {
    const { revision, compact_revision } = state.written;
    const atHand = (key: string, place: Place): KeyValue | undefined =>
      state.cache.get(key, place) ?? fetched.get(name(place));
    const draft = makeDraft(state.index, state.leases, atHand, { revision, compact_revision });
    const decision = decideOperation(draft, { type: 'txn', txn });
    invariant(draft.changes.length === 0, 'a transaction that only reads changes nothing', { revision });
    if (draft.missing.length > 0) {
      const places = draft.missing;
      await fetchInPages(state, places, (n, kv) => {
        const place = places[n] as Place;
        fetched_bytes += kv?.value.length ?? 0;
        if (kv !== undefined) fetched.set(name(place), kv);
        else if (state.written.compact_revision === compact_revision) {
          throw new DamagedError(`store: the record of revision ${name(place)} is missing`);
        }
        return true;
      });
      continue;
    }
    if (decision.type === 'error') throw errorOf(decision.error);
    invariant(decision.type === 'txn', 'a transaction comes to a transaction', { type: decision.type });
    if (fetched_bytes > BYTES_PER_TURN) await state.budget.turn();
    return decision.txn;
  }
}
