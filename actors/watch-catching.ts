/** Watchers that are behind: a bounded number of them at a time read from the store, in turn, until they are live. */
import { QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { KeyValue } from '../machines/language/commands.js';
import { type WatchEvent, watchResponse } from '../machines/language/watching.js';
import { advance } from '../machines/watchers.js';
import type { History, Page } from '../store/ports.js';
import { failIn, postIfOpen } from './mail.js';
import { flushOrEnd, holdBack, removeRow, seenBy, tellEvents } from './watch-feed.js';
import { channelOf, type Hub } from './watch-state.js';
import { hasRoom, type Row, tell } from './watch-session.js';

/** What a row read: a part of the state it begins with, what happened since, or that older revisions are gone. */
export type Reading =
  | { readonly type: 'page'; readonly page: Page }
  | { readonly type: 'history'; readonly history: History }
  | { readonly type: 'compacted' };

export function queueRow(hub: Hub, row: Row): void {
  if (row.state.phase === 'catchingUp' && !row.reading) hub.behind.add(row);
}

/** Lets as many rows read as may at the same time. */
export function readOn(hub: Hub): void {
  for (const row of hub.behind) {
    if (hub.reading >= limits.watch_reads_max) return;
    hub.behind.delete(row);
    if (row.state.phase !== 'catchingUp' || row.reading) continue;
    if (hasRoom(row.bundle.session)) startReading(hub, row, row.state.next);
    else holdBack(row, 0);
  }
}

function startReading(hub: Hub, row: Row, next: number): void {
  row.reading = true;
  hub.reading++;
  const done = (reading: Reading): void => postIfOpen(hub.system, 'watchHub', { type: 'read', row, reading });
  read(hub, row, next).then(done, (error: unknown) => {
    const gone = error instanceof QuorateError && error.code === 'OutOfRange';
    if (gone) done({ type: 'compacted' });
    else failIn(hub.system, 'watchHub')(error);
  });
}

async function read(hub: Hub, { initial, bundle }: Row, next: number): Promise<Reading> {
  const { kv } = hub.ports;
  const { ranges, create } = bundle;
  const bytes_max = limits.watch_read_bytes;
  if (initial !== null) return { type: 'page', page: await kv.page({ ranges, ...initial, bytes_max }) };
  const request = { ranges, from: next, prev_kv: create.prev_kv, bytes_max };
  return { type: 'history', history: await kv.history({ ...request, revisions_max: limits.watch_read_revisions }) };
}

export function hearRead(hub: Hub, row: Row, reading: Reading): void {
  row.reading = false;
  hub.reading--;
  const { session } = row.bundle;
  if (row.state.phase !== 'closed') {
    row.told_ms = hub.ports.clock.now_ms();
    if (reading.type === 'compacted') cancelCompacted(hub, row);
    else if (reading.type === 'page') tellPage(row, reading.page);
    else tellHistory(hub, row, reading.history);
    flushOrEnd(hub, session);
    // An acknowledgement may have come while it read: `lagging` rows are looked at only then.
    queueRow(hub, row);
  }
  readOn(hub);
}

function tellPage(row: Row, { kvs, more }: Page): void {
  if (row.initial === null) return;
  const { revision } = row.initial;
  const events = kvs.map(initialEvent);
  tell(row.bundle.session, watchResponse([row.id], revision, { initial: true, more, events }));
  row.initial = more ? { revision, after: kvs.at(-1)?.key ?? row.initial.after } : null;
}

const initialEvent = (kv: KeyValue): WatchEvent => ({ event: { type: 'put', kv, cause: 'user' }, prev_kv: null });

function tellHistory(hub: Hub, row: Row, { revisions, upTo }: History): void {
  const { bundle } = row;
  const events = revisions.flatMap((each) => each.events).filter((event) => seenBy(bundle, event));
  if (events.length > 0) tellEvents(hub, bundle.session, bundle.create, [row.id], upTo, events);
  row.state = advance(row.state, { type: 'caughtUp', upTo, told: channelOf(hub, bundle).settled });
}

/** The client is told from where on it can watch. */
export function cancelCompacted(hub: Hub, row: Row): void {
  const { status } = hub.ports.kv;
  row.state = { phase: 'closed', reason: 'compacted', compact_revision: status.compact_revision };
  const rest = { canceled: true, compact_revision: status.compact_revision };
  tell(row.bundle.session, watchResponse([row.id], status.revision, rest));
  removeRow(hub, row);
}

/** The window has room again. */
export function releaseLagging(hub: Hub, rows: Set<Row>): void {
  for (const row of rows) {
    row.state = advance(row.state, { type: 'windowOpened' });
    queueRow(hub, row);
  }
  rows.clear();
  readOn(hub);
}
