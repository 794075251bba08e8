/** What clients ask of their streams: watchers made and cancelled, progress, acknowledgements. */
import { errors } from '../machines/language/errors.js';
import { unreachable } from '../machines/language/invariant.js';
import { limits } from '../machines/language/limits.js';
import { NO_WATCH_ID, type WatchCreate, type WatchRequest, watchResponse } from '../machines/language/watching.js';
import { isEmptyRange, normalize, spanOf } from '../machines/ranges.js';
import { bornWatcher } from '../machines/watchers.js';
import { post } from './mail.js';
import { queueRow, readOn, releaseLagging } from './watch-catching.js';
import { endSession, flushOrEnd, removeRow } from './watch-feed.js';
import { channelOf, type Hub } from './watch-state.js';
import { acknowledge, type Bundle, type Row, type Session, tell } from './watch-session.js';

/** In the order asked; what takes nothing of the store waits for nobody. */
export function hearAsked(hub: Hub, session: Session, request: WatchRequest): void {
  if (request.type === 'acknowledge' || request.type === 'end') return answer(hub, session, request);
  const index = indexNeeded(hub, request);
  if (session.waiting.length === 0 && index <= hub.applied) return answer(hub, session, request);
  if (session.waiting.length >= limits.watchers_per_session_max) return endSession(hub, session);
  session.waiting.push({ request, index });
  post(hub.system, 'state', { type: 'hurried' });
}

/** [safety] `Now` is not older than anything this member has answered, or the asker says it has seen. */
const indexNeeded = (hub: Hub, request: WatchRequest): number =>
  request.type !== 'create'
    ? 0
    : Math.max(request.create.start_revision === 0 ? hub.decided : 0, request.create.after_index);

/** The state has moved. */
export function answerWaiting(hub: Hub): void {
  let hurry = false;
  for (const session of hub.sessions.values()) {
    while (!session.ended && session.waiting.length > 0) {
      const [first] = session.waiting;
      if (first === undefined || first.index > hub.applied) break;
      session.waiting.shift();
      answer(hub, session, first.request);
    }
    hurry ||= session.waiting.length > 0;
  }
  if (hurry) post(hub.system, 'state', { type: 'hurried' });
}

function answer(hub: Hub, session: Session, request: WatchRequest): void {
  switch (request.type) {
    case 'create':
      createWatcher(hub, session, request.create);
      break;
    case 'cancel':
      cancelWatcher(hub, session, request.watch_id);
      break;
    case 'progress':
      session.progressAsked = true;
      tellProgress(hub, session);
      break;
    case 'acknowledge':
      if (acknowledge(session, request.number)) releaseLagging(hub, session.lagging);
      break;
    case 'end':
      return endSession(hub, session);
    default:
      return unreachable(request);
  }
  flushOrEnd(hub, session);
}

function createWatcher(hub: Hub, session: Session, create: WatchCreate): void {
  const { status } = hub.ports.kv;
  const refused = reasonAgainst(hub, session, create);
  if (refused !== null) {
    const rest = { created: true, canceled: true, cancel_reason: refused, asked_id: create.watch_id };
    return tell(session, watchResponse([NO_WATCH_ID], status.revision, rest));
  }
  const id = create.watch_id === 0 ? freeId(session) : create.watch_id;
  tell(session, watchResponse([id], status.revision, { created: true }));
  const asked = create.start_revision === 0 ? status.revision : create.start_revision;
  const first = create.start_revision === 0 || create.initial_state ? asked + 1 : asked;
  // Where the state itself is read, its revision must not be gone.
  if (create.start_revision !== 0 && asked < status.compact_revision) {
    const rest = { canceled: true, compact_revision: status.compact_revision };
    return tell(session, watchResponse([id], status.revision, rest));
  }
  addRow(hub, session, create, id, first);
  readOn(hub);
}

function addRow(hub: Hub, session: Session, create: WatchCreate, id: number, first: number): void {
  const bundle = bundleFor(hub, session, create);
  const born = bornWatcher(first, channelOf(hub, bundle).settled);
  const row: Row = {
    id,
    bundle,
    state: create.initial_state ? { phase: 'catchingUp', next: first } : born,
    initial: create.initial_state ? { revision: first - 1, after: create.initial_after } : null,
    reading: false,
    told_ms: hub.ports.clock.now_ms(),
  };
  bundle.rows.add(row);
  session.rows.set(id, row);
  if (create.progress_notify) session.notified.add(row);
  queueRow(hub, row);
}

function reasonAgainst(hub: Hub, session: Session, create: WatchCreate): string | null {
  if (hub.learner) return errors.NotSupportedForLearner.message;
  if (create.ranges.some(isEmptyRange)) return 'mvcc: watcher range is empty';
  if (create.start_revision < 0) return errors.Compacted.message;
  if (create.watch_id !== 0 && session.rows.has(create.watch_id)) {
    return 'mvcc: duplicate watch ID provided on the WatchStream';
  }
  if (create.initial_state && create.start_revision > hub.ports.kv.status.revision) return errors.FutureRev.message;
  const most = limits.watchers_per_session_max;
  return session.rows.size >= most ? `quorate: ${most} watchers hang on this stream already; open another one` : null;
}

function freeId(session: Session): number {
  while (session.rows.has(session.nextId)) session.nextId++;
  return session.nextId++;
}

function bundleFor(hub: Hub, session: Session, create: WatchCreate): Bundle {
  const ranges = normalize(create.ranges);
  const spans = ranges.map((range) => [spanOf(range).from, spanOf(range).to]);
  const name = JSON.stringify([spans, create.prev_kv, create.fragment, [...create.filters].sort()]);
  const known = session.bundles.get(name);
  if (known !== undefined) return known;
  const bundle: Bundle = { session, name, ranges, create, rows: new Set() };
  session.bundles.set(name, bundle);
  for (const range of ranges) channelOf(hub, bundle).index.add(range, bundle);
  return bundle;
}

/** An id that is not known has no answer (reference 1.2). */
function cancelWatcher(hub: Hub, session: Session, id: number): void {
  const row = session.rows.get(id);
  if (row === undefined) return;
  tell(session, watchResponse([id], hub.ports.kv.status.revision, { canceled: true }));
  removeRow(hub, row);
}

/** B-36: once for all watchers of the session, when all of them have seen everything up to one revision. */
export function tellProgress(hub: Hub, session: Session): void {
  if (!session.progressAsked) return;
  let upTo = Math.min(hub.plain.told, hub.previous.told);
  for (const row of session.rows.values()) if (row.state.phase !== 'live') return;
  if (session.rows.size === 0) upTo = hub.plain.told;
  session.progressAsked = false;
  tell(session, watchResponse([NO_WATCH_ID], upTo));
}
