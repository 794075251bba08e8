/** What happened to keys from a revision on, and what they were before: for watchers that are behind. */
import type { KeyValue, StoreEvent } from '../machines/language/commands.js';
import { errorOf } from '../machines/language/errors.js';
import type { Clock } from '../machines/language/time.js';
import type { KeyRange, RevisionEvents, WatchEvent } from '../machines/language/watching.js';
import { type Place, placeAt, visitFrom } from './key-history.js';
import { keyRange, type KeyRange as Span } from './key-index.js';
import { numberOfKey, toLatin1 } from './keys.js';
import { DamagedError, type History, type HistoryRequest, type Page, type PageRequest } from './ports.js';
import { fetchPlaces, revisionAsked } from './reads.js';
import { decodeRecord, eventOfRecord, keyOfRecord, revisionKey } from './revision.js';
import type { StoreState } from './state.js';

/** Looked at in one call, whether they match or not. */
const SCANNED_BYTES_MAX = 4 * 1024 * 1024;
const PAGE_BYTES = 256 * 1024;
/** Records may be as large as requests. */
const PLACES_PER_FETCH = 16;

const sizeOf = (kv: KeyValue): number => kv.key.length + kv.value.length;

export async function readHistory(state: StoreState, request: HistoryRequest): Promise<History> {
  const { revision } = state.written;
  refuseCompacted(state, request.from);
  const spans = request.ranges.map(({ key, range_end }) => keyRange(key, range_end));
  const found = makeFound(request, revision);
  if (request.from <= revision) {
    if (spans.every((span) => span.single)) await collectPlaces(state, spans, request.from, found);
    else await scan(state, spans, request.from, found);
  }
  // A compaction that came by may have taken some of it.
  refuseCompacted(state, request.from);
  if (!request.prev_kv) return found.history();
  const history = found.history();
  const revisions: RevisionEvents[] = [];
  for (const each of history.revisions) {
    const events = each.events.map(({ event }) => event);
    revisions.push({ revision: each.revision, events: await readPrevious(state, events) });
  }
  return { ...history, revisions };
}

function refuseCompacted(state: StoreState, from: number): void {
  if (from < state.written.compact_revision) throw errorOf('Compacted');
}

interface Found {
  readonly revision: number;
  /** Takes the event in, or false when there is enough and it begins another revision. */
  take(event: StoreEvent): boolean;
  /** Everything before `main` was looked at, and that is as far as this call goes. */
  stopBefore(main: number): void;
  history(): History;
}

function makeFound({ from, bytes_max, revisions_max }: HistoryRequest, revision: number): Found {
  const revisions: { revision: number; events: WatchEvent[] }[] = [];
  let bytes = 0;
  // What is wanted from a revision to come has nothing behind it.
  let upTo = Math.max(revision, from - 1);
  return {
    revision,
    take: (event) => {
      const main = event.kv.mod_revision;
      let last = revisions.at(-1);
      if (last?.revision !== main) {
        // [safety] Only between revisions: one is never cut in half.
        if (last !== undefined && (bytes >= bytes_max || revisions.length >= revisions_max)) {
          upTo = main - 1;
          return false;
        }
        last = { revision: main, events: [] };
        revisions.push(last);
      }
      bytes += sizeOf(event.kv);
      last.events.push({ event, prev_kv: null });
      return true;
    },
    stopBefore: (main) => void (upTo = main - 1),
    history: () => ({ revisions, upTo, revision }),
  };
}

/** Single keys: the index knows where their changes stand. */
async function collectPlaces(state: StoreState, spans: readonly Span[], from: number, found: Found): Promise<void> {
  const places: Place[] = [];
  for (const { from: key } of spans) {
    const history = state.index.get(key);
    if (history !== undefined) visitFrom(history, from, (place) => places.push(place));
  }
  places.sort((a, b) => a.main - b.main || a.sub - b.sub);
  for (let at = 0; at < places.length; at += PLACES_PER_FETCH) {
    const some = places.slice(at, at + PLACES_PER_FETCH).filter(({ main }) => main <= found.revision);
    const records = await state.engine.getMany(some.map(({ main, sub }) => revisionKey(main, sub)));
    for (const [n, place] of some.entries()) {
      const record = records[n];
      if (record === undefined) {
        refuseCompacted(state, from);
        // At the compacted revision itself: it was overwritten later in the same revision.
        if (place.main <= state.written.compact_revision) continue;
        throw new DamagedError(`store: the record of revision ${place.main}.${place.sub} is missing`);
      }
      if (!found.take(eventOfRecord(record, place.main))) return;
    }
  }
}

/** Ranges: every change from the revision on is looked at, in the order in which they were made. */
async function scan(state: StoreState, spans: readonly Span[], from: number, found: Found): Promise<void> {
  let scanned = 0;
  let last = from;
  const to = revisionKey(found.revision + 1, 0);
  for await (const page of state.engine.iterate(revisionKey(from, 0), to, PAGE_BYTES)) {
    for (const [stored, record] of page) {
      const main = numberOfKey(stored);
      if (main !== last && scanned >= SCANNED_BYTES_MAX) return found.stopBefore(main);
      last = main;
      scanned += record.length;
      const { key } = keyOfRecord(record);
      if (!spans.some((span) => key >= span.from && key < span.to)) continue;
      if (!found.take(eventOfRecord(record, main))) return;
    }
  }
}

/** The pairs just before the events, where they are still kept; a key that was created had none. */
export async function readPrevious(state: StoreState, events: readonly StoreEvent[]): Promise<readonly WatchEvent[]> {
  const prev: (KeyValue | null)[] = events.map(() => null);
  const absent: { readonly n: number; readonly place: Place }[] = [];
  for (const [n, { type, kv }] of events.entries()) {
    const before = kv.mod_revision - 1;
    if ((type === 'put' && kv.version === 1) || before < state.written.compact_revision) continue;
    const key = toLatin1(kv.key);
    const history = state.index.get(key);
    const place = history === undefined ? undefined : placeAt(history, before);
    if (place === undefined) continue;
    const cached = state.cache.get(key, place);
    if (cached === undefined) absent.push({ n, place });
    else prev[n] = cached;
  }
  const records = await state.engine.getMany(absent.map(({ place }) => revisionKey(place.main, place.sub)));
  for (const [i, { n, place }] of absent.entries()) {
    const record = records[i];
    if (record !== undefined) prev[n] = decodeRecord(record, place.main);
  }
  return events.map((event, n) => ({ event, prev_kv: prev[n] ?? null }));
}

/** Part of the state at a revision, in key order, over all ranges. */
export async function readPage(state: StoreState, clock: Clock, request: PageRequest): Promise<Page> {
  const at = revisionAsked(state, request.revision);
  const after = request.after.length === 0 ? '' : `${toLatin1(request.after)}\0`;
  const kvs: KeyValue[] = [];
  let bytes = 0;
  for (const span of spansAfter(request.ranges, after)) {
    for (let next: string | undefined = span.from; next !== undefined;) {
      const places: Place[] = [];
      next = state.index.visit(next, span.to, PLACES_PER_FETCH, (_key, history) => {
        const place = placeAt(history, at);
        if (place !== undefined) places.push(place);
      });
      const rows = await fetchPlaces(state, places).catch((error: unknown) => {
        revisionAsked(state, at);
        throw error;
      });
      for (const kv of rows) {
        if (bytes >= request.bytes_max) return { kvs, more: true };
        kvs.push(kv);
        bytes += sizeOf(kv);
      }
      if (places.length === 0) await new Promise<void>((resolve) => clock.soon(resolve));
    }
  }
  revisionAsked(state, at);
  return { kvs, more: false };
}

const spansAfter = (ranges: readonly KeyRange[], after: string): readonly { from: string; to: string }[] =>
  ranges
    .map(({ key, range_end }) => keyRange(key, range_end))
    .filter(({ to }) => after < to)
    .map(({ from, to }) => ({ from: from > after ? from : after, to }));
