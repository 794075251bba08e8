/** From what was written to who watches it: live watchers are told of each write without a look into the store. */
import { limits } from '../machines/language/limits.js';
import {
  type RevisionEvents,
  type WatchEvent,
  type WatchFilter,
  watchResponse,
} from '../machines/language/watching.js';
import { advance } from '../machines/watchers.js';
import { failIn, postIfOpen } from './mail.js';
import { type Bundle, flush, fragmented, hasRoom, type Row, type Session, tell, weightOf } from './watch-session.js';
import { type Channel, channelOf, headerNow, type Hub } from './watch-state.js';

/* ---- what was written ------------------------------------------------------------------------------------------ */

/**
 * Every write in its order. [safety] One that does not follow the last one known left something out: then everybody
 * reads from the store.
 */
export function hearWritten(hub: Hub, revision: number, writes: readonly RevisionEvents[]): void {
  if (revision <= hub.plain.told) return;
  const follows = writes[0]?.revision === hub.plain.told + 1 && writes.at(-1)?.revision === revision;
  if (!follows) return replaceState(hub, revision);
  deliver(hub, hub.plain, writes);
  if (hub.previous.index.isEmpty && !hub.asking) {
    moveTo(hub.previous, revision);
    return;
  }
  for (const write of writes) {
    hub.waiting.push(write);
    hub.waiting_bytes += weightOf(write.events);
  }
  if (hub.waiting_bytes > limits.watch_previous_bytes_max) catchUpAll(hub, hub.previous, revision);
  else askPrevious(hub);
}

/** [safety] The state is another's, of which nobody was told anything: every row catches up before it sees more. */
export function replaceState(hub: Hub, revision: number): void {
  for (const channel of [hub.plain, hub.previous]) catchUpAll(hub, channel, revision);
}

function catchUpAll(hub: Hub, channel: Channel, revision: number): void {
  if (channel === hub.previous) {
    hub.waiting = [];
    hub.waiting_bytes = 0;
    hub.asking = false;
    hub.round++;
  }
  for (const session of hub.sessions.values()) {
    for (const row of session.rows.values()) {
      if (channelOf(hub, row.bundle) !== channel) continue;
      row.state = advance(row.state, { type: 'stateReplaced', told: channel.told });
      if (row.state.phase === 'catchingUp' && !row.reading) hub.behind.add(row);
    }
  }
  moveTo(channel, revision);
}

function moveTo(channel: Channel, revision: number): void {
  channel.told = revision;
  channel.settled = Math.max(channel.settled, revision);
}

/* ---- what was there before ------------------------------------------------------------------------------------- */

const sees = (filters: readonly WatchFilter[], { event }: WatchEvent): boolean =>
  filters.length === 0 || !filters.includes(event.type === 'put' ? 'noput' : 'nodelete');

/** Asks for what the first writes of those that wait overwrote, where somebody wants to see it. */
function askPrevious(hub: Hub): void {
  if (hub.asking || hub.waiting.length === 0) return;
  const writes = hub.waiting;
  const wanted = new Set<WatchEvent>();
  for (const { events } of writes) {
    for (const event of events) {
      hub.previous.index.find(event.event.kv.key, ({ create }) => sees(create.filters, event) && wanted.add(event));
    }
  }
  hub.waiting = [];
  // [safety] Whoever joins from now on reads these from the store: nobody has asked for its pairs.
  hub.previous.settled = writes.at(-1)?.revision ?? hub.previous.settled;
  if (wanted.size === 0) return hearPrevious(hub, hub.round, writes);
  hub.asking = true;
  const { round } = hub;
  const list = [...wanted];
  hub.ports.kv.previous(list.map(({ event }) => event)).then(
    (found) => {
      const known = new Map(list.map((event, n) => [event, found[n] ?? event]));
      const filled = writes.map(({ revision, events }) => ({
        revision,
        events: events.map((event) => known.get(event) ?? event),
      }));
      postIfOpen(hub.system, 'watchHub', { type: 'previous', round, writes: filled });
    },
    failIn(hub.system, 'watchHub'),
  );
}

export function hearPrevious(hub: Hub, round: number, writes: readonly RevisionEvents[]): void {
  if (round !== hub.round) return;
  hub.asking = false;
  for (const { events } of writes) for (const each of events) hub.waiting_bytes -= weightOf([withoutPrevious(each)]);
  deliver(hub, hub.previous, writes);
  askPrevious(hub);
}

const withoutPrevious = ({ event }: WatchEvent): WatchEvent => ({ event, prev_kv: null });

/* ---- who is told ----------------------------------------------------------------------------------------------- */

/** In steps of whole revisions, so that a window that fills up is noticed in between. */
function deliver(hub: Hub, channel: Channel, writes: readonly RevisionEvents[]): void {
  if (channel.index.isEmpty) {
    moveTo(channel, writes.at(-1)?.revision ?? channel.told);
    return;
  }
  for (let from = 0; from < writes.length;) {
    let bytes = 0;
    let to = from;
    while (to < writes.length && bytes < limits.watch_message_bytes) {
      bytes += weightOf((writes[to++] as RevisionEvents).events);
    }
    deliverStep(hub, channel, writes.slice(from, to));
    from = to;
  }
}

function deliverStep(hub: Hub, channel: Channel, writes: readonly RevisionEvents[]): void {
  const hits = new Map<Bundle, WatchEvent[]>();
  for (const { events } of writes) {
    for (const event of events) {
      channel.index.find(event.event.kv.key, (bundle) => {
        if (!sees(bundle.create.filters, event)) return;
        const seen = hits.get(bundle);
        if (seen === undefined) hits.set(bundle, [event]);
        else seen.push(event);
      });
    }
  }
  const upTo = writes.at(-1)?.revision ?? channel.told;
  const sessions = new Set<Session>();
  const now_ms = hub.ports.clock.now_ms();
  for (const [bundle, events] of hits) {
    sessions.add(bundle.session);
    if (hasRoom(bundle.session)) tellBundle(hub, bundle, events, upTo, now_ms);
    else for (const row of bundle.rows) if (row.state.phase === 'live') holdBack(row, channel.told);
  }
  moveTo(channel, upTo);
  for (const session of sessions) flushOrEnd(hub, session);
}

/** The rows that want all of it in one response, encoded once; one that begins in the middle apart. */
function tellBundle(hub: Hub, bundle: Bundle, events: readonly WatchEvent[], upTo: number, now: number): void {
  const { session, rows, create } = bundle;
  const first = events[0]?.event.kv.mod_revision ?? 0;
  const ids: number[] = [];
  for (const row of rows) {
    if (row.state.phase !== 'live') continue;
    const { next } = row.state;
    row.told_ms = now;
    if (next <= first) {
      ids.push(row.id);
      continue;
    }
    const later = events.filter(({ event }) => event.kv.mod_revision >= next);
    if (later.length > 0) tellEvents(hub, session, create, [row.id], upTo, later);
  }
  if (ids.length > 0) tellEvents(hub, session, create, ids, upTo, events);
}

export function tellEvents(
  hub: Hub,
  session: Session,
  create: Bundle['create'],
  ids: readonly number[],
  upTo: number,
  events: readonly WatchEvent[],
): void {
  hub.events += ids.length * events.length;
  for (const part of fragmented(create, watchResponse(ids, upTo, { events }))) tell(session, part);
}

/** From now on only the revision is kept from which the row is to go on. */
export function holdBack(row: Row, told: number): void {
  row.state = advance(row.state, { type: 'windowFull', told });
  row.bundle.session.lagging.add(row);
}

export const seenBy = (bundle: Bundle, event: WatchEvent): boolean => sees(bundle.create.filters, event);

/** A session that a message could not be sent to has a hole: it is over, and its client goes on elsewhere. */
export function flushOrEnd(hub: Hub, session: Session): void {
  if (session.outbox.length > 0 && !flush(session, headerNow(hub))) endSession(hub, session);
}

export function endSession(hub: Hub, session: Session): void {
  if (session.ended) return;
  session.ended = true;
  hub.sessions.delete(session.stream);
  for (const row of [...session.rows.values()]) removeRow(hub, row);
  session.stream.close();
}

export function removeRow(hub: Hub, row: Row): void {
  const { bundle } = row;
  const { session } = bundle;
  if (row.state.phase !== 'closed') row.state = advance(row.state, { type: 'cancelled' });
  session.rows.delete(row.id);
  session.lagging.delete(row);
  session.notified.delete(row);
  hub.behind.delete(row);
  bundle.rows.delete(row);
  if (bundle.rows.size > 0) return;
  session.bundles.delete(bundle.name);
  for (const range of bundle.ranges) channelOf(hub, bundle).index.remove(range, bundle);
}
