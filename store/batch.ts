/** What was decided and waits for the next write, and the one engine batch it becomes. */
import type { StoreEvent, StoredConfiguration } from '../machines/language/commands.js';
import type { Revision } from '../machines/language/vocabulary.js';
import { encodeLink, type Mark } from './journal.js';
import { journalPrefix, numberKey, requestsPrefix } from './keys.js';
import { leaseWrite, moveWrites } from './lease-table.js';
import type { EngineWrite, LeaseChange, Written } from './ports.js';
import { encodeRecords, oldestForgotten, type RequestRecord } from './requests.js';
import { type Change, encodeRecord, eventOf, revisionKey } from './revision.js';
import { configurationKey, encodeStoredConfiguration, type StoreState } from './state.js';

export interface Pending {
  readonly changes: Change[];
  readonly leases: LeaseChange[];
  readonly records: RequestRecord[];
  /** The last entry decided; index 0 when there is none. */
  index: number;
  term: number;
  revision: number;
  compact_revision: number;
  configuration: StoredConfiguration | null;
  bytes: number;
}

export const emptyPending = (): Pending => ({
  changes: [],
  leases: [],
  records: [],
  index: 0,
  term: 0,
  revision: 0,
  compact_revision: -1,
  configuration: null,
  bytes: 0,
});

/** The batch and the mark it leads to. [safety] One batch: data, link, request records; all of it or none of it. */
export function encodeBatch(
  state: StoreState,
  pending: Pending,
): { readonly writes: EngineWrite[]; readonly mark: Mark; readonly journal_bytes: number } {
  const writes: EngineWrite[] = [];
  let bytes = 0;
  for (const change of pending.changes) {
    const value = encodeRecord(change);
    bytes += value.length;
    writes.push({ type: 'put', key: revisionKey(change.main, change.sub), value });
    if (change.moved !== undefined) for (const write of moveWrites(change.key, change.moved)) writes.push(write);
  }
  for (const change of pending.leases) writes.push(leaseWrite(change));
  const mark: Mark = {
    index: pending.index,
    term: pending.term,
    revision: pending.revision,
    compact_revision: pending.compact_revision,
    records: state.written.records + pending.changes.length,
    record_bytes: state.written.record_bytes + bytes,
  };
  const link = encodeLink(state.written.index, mark, pending.changes);
  writes.push({ type: 'put', key: numberKey(journalPrefix, mark.index), value: link });
  if (pending.configuration !== null) {
    const value = encodeStoredConfiguration(pending.configuration);
    writes.push({ type: 'put', key: configurationKey, value });
  }
  if (pending.records.length > 0) {
    writes.push({ type: 'put', key: numberKey(requestsPrefix, mark.index), value: encodeRecords(pending.records) });
  }
  for (const to of state.request_rows) {
    if (to > oldestForgotten(mark.index)) break;
    writes.push({ type: 'delete', key: numberKey(requestsPrefix, to) });
  }
  return { writes, mark, journal_bytes: link.length };
}

/** [safety] The batch is durable: now, and in one step, it becomes visible. */
export function makeVisible(state: StoreState, pending: Pending, mark: Mark, journal_bytes: number): Written {
  for (const change of pending.changes) {
    const { create_revision, version } = change.kv;
    if (change.tombstone) state.keys--;
    else if (version === 1) state.keys++;
    state.index.add(change, create_revision, version);
    if (!change.tombstone) state.cache.set(change.key, change.kv);
  }
  state.draft.settle(pending.changes);
  state.written = mark;
  if (pending.configuration !== null) state.configuration = pending.configuration;
  const oldest = oldestForgotten(mark.index);
  const forgotten = state.request_rows.findIndex((to) => to > oldest);
  state.request_rows.splice(0, forgotten < 0 ? state.request_rows.length : forgotten);
  if (pending.records.length > 0) state.request_rows.push(mark.index);
  state.requests.trim(mark.index);
  state.journal_bytes += journal_bytes;
  return {
    applied: mark.index as Written['applied'],
    revision: mark.revision as Revision,
    events: eventsOf(pending.changes),
  };
}

export const nothingNew = (state: StoreState): Written => ({
  applied: state.written.index as Written['applied'],
  revision: state.written.revision as Revision,
  events: [],
});

function eventsOf(changes: readonly Change[]): Written['events'] {
  const events: { revision: Revision; events: StoreEvent[] }[] = [];
  for (const change of changes) {
    const last = events.at(-1);
    if (last?.revision === change.main) last.events.push(eventOf(change));
    else events.push({ revision: change.main as Revision, events: [eventOf(change)] });
  }
  return events;
}
