/**
 * A stream of watches, shared by watchers: it hangs on one member, notices when that, NATS or a number goes missing,
 * and then goes on at another.
 */
import { createActor } from 'xstate';
import { watchSessionMachine } from '../machines/client/watch-session.machine.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { WatchMessage, WatchRequest, WatchResponse } from '../machines/language/watching.js';
import type { LinkError, LinkMessage, LinkStream } from '../transport/ports.js';
import { clusterSubject, memberSubject } from '../transport/subjects.js';
import { decodeWatchMessage } from '../transport/wire-watch.js';
import { encodeOpening, encodeWatchRequest } from '../transport/wire-watch-requests.js';
import { headerNames } from '../transport/wire.js';
import type { Core } from './core.js';
import { askForMembers, markSilent, nextMember } from './roster.js';
import { CompactedWatchError, type Watching } from './watcher.js';

const WINDOW_BYTES = 8 * 1024 * 1024;
/** Acknowledged after so many bytes, and with every heartbeat. */
const ACKNOWLEDGE_BYTES = 1024 * 1024;
const OPENING_MS = 1_500;
const SILENCE_MS = 3 * limits.watch_heartbeat_ms;
const LOOK_MS = 250;
const WAIT_FIRST_MS = 10;
const WAIT_LAST_MS = 500;
/** Heartbeats in a row that know no leader. */
const LEADERLESS_MAX = 2;

export interface WatchSession {
  readonly requireLeader: boolean;
  readonly hasRoom: boolean;
  add(watching: Watching): void;
  remove(watching: Watching): void;
  askProgress(): void;
  close(): void;
}

interface State {
  readonly core: Core;
  readonly requireLeader: boolean;
  readonly watchings: Map<number, Watching>;
  /** Those that the member has taken. */
  readonly taken: Set<Watching>;
  /** Asked of the member and not answered, in order: each is answered once. */
  creating: Watching[];
  stream: LinkStream | null;
  /** Where the member is spoken to; null before it has answered. */
  subject: string | null;
  member: string | undefined;
  number: number;
  unacknowledged_bytes: number;
  leaderless: number;
  heard_ms: number;
  /** Since when it hangs on no member. */
  lost_ms: number;
  failures: number;
  lastId: number;
  looking: boolean;
  send(event: Parameters<ReturnType<typeof createActor<typeof watchSessionMachine>>['send']>[0]): void;
}

export function openWatchSession(core: Core, requireLeader: boolean): WatchSession {
  const state: State = {
    core,
    requireLeader,
    watchings: new Map(),
    taken: new Set(),
    creating: [],
    stream: null,
    subject: null,
    member: undefined,
    number: 0,
    unacknowledged_bytes: 0,
    leaderless: 0,
    heard_ms: 0,
    lost_ms: core.clock.now_ms(),
    failures: 0,
    lastId: 0,
    looking: false,
    send: (event) => actor.send(event),
  };
  const actor = createActor(
    watchSessionMachine.provide({
      actions: {
        ask: () => ask(state),
        greet: () => greet(state),
        wait: () => wait(state),
        letGo: () => letGo(state),
      },
    }),
  );
  actor.start();
  return {
    requireLeader,
    get hasRoom() {
      return state.watchings.size < limits.watchers_per_session_max;
    },
    add: (watching) => {
      watching.id = ++state.lastId;
      state.watchings.set(watching.id, watching);
      if (state.subject !== null) createAt(state, watching);
      else state.send({ type: 'wanted' });
    },
    remove: (watching) => {
      state.watchings.delete(watching.id);
      if (state.subject !== null) say(state, { type: 'cancel', watch_id: watching.id });
      if (state.watchings.size > 0) return;
      say(state, { type: 'end' });
      state.send({ type: 'emptied' });
    },
    askProgress: () => say(state, { type: 'progress' }),
    close: () => {
      say(state, { type: 'end' });
      state.send({ type: 'closed' });
      for (const watching of [...state.watchings.values()]) watching.end(null);
    },
  };
}

/* ---- finding a member ------------------------------------------------------------------------------------------ */

function ask(state: State): void {
  const { core } = state;
  const [first] = state.watchings.values();
  if (first === undefined) return;
  const now = core.clock.now_ms();
  askForMembers(core, now);
  state.member = nextMember(core.roster, now);
  const { member } = state;
  const subject =
    member === undefined
      ? clusterSubject(core.cluster, 'watch.create')
      : memberSubject(core.cluster, member, 'watch.create');
  const headers = new Map<string, string>([[headerNames.pieces, 'yes']]);
  if (core.clusterHeader !== '') headers.set(headerNames.clusterId, core.clusterHeader);
  const body = encodeOpening({ create: first.request(), window_bytes: WINDOW_BYTES }, 'msgpack');
  state.creating = [first];
  state.number = 0;
  state.heard_ms = now;
  const stream = core.link.stream(subject, body, headers, {
    message: (message) => {
      if (state.stream === stream) hear(state, message);
    },
    ended: (error) => {
      if (state.stream === stream) unreached(state, error);
    },
  });
  state.stream = stream;
  look(state);
}

/** One timer while there is a stream: silence is how most losses show. */
function look(state: State): void {
  if (state.looking) return;
  state.looking = true;
  state.core.clock.setTimeout(() => {
    state.looking = false;
    if (state.stream === null) return;
    // After a stall of our own what was said waits to be read: it is, before anybody is judged.
    if (isSilent(state)) state.core.clock.soon(() => judge(state));
    look(state);
  }, LOOK_MS);
}

const isSilent = (state: State): boolean =>
  state.stream !== null &&
  state.core.clock.now_ms() - state.heard_ms > (state.subject === null ? OPENING_MS : SILENCE_MS);

function judge(state: State): void {
  if (isSilent(state)) lose(state, 'nothing is heard from the member');
}

function unreached(state: State, error: LinkError): void {
  if (error.reason === 'denied') return endAll(state, new QuorateError('PermissionDenied', error.message));
  if (error.reason === 'tooLarge') return endAll(state, errorOf('RequestTooLarge'));
  lose(state, error.message);
}

/** [safety] Each watcher goes on after the last whole revision or mark it had; what came of the next one is gone. */
function lose(state: State, reason: string): void {
  const { core, member } = state;
  if (member !== undefined) markSilent(core.roster, member, core.clock.now_ms());
  if (state.subject !== null) {
    state.lost_ms = core.clock.now_ms();
    for (const watching of [...state.taken]) watching.disconnected(reason);
  }
  state.send({ type: 'lost' });
  const leaderless_ms = core.clock.now_ms() - state.lost_ms;
  if (state.requireLeader && leaderless_ms > core.timeout_ms) endAll(state, errorOf('NoLeader'));
}

function letGo(state: State): void {
  state.stream?.close();
  state.stream = null;
  state.subject = null;
  state.creating = [];
  state.taken.clear();
  state.unacknowledged_bytes = 0;
}

function wait(state: State): void {
  const most = Math.min(WAIT_LAST_MS, WAIT_FIRST_MS * 2 ** Math.min(state.failures, 10));
  state.failures++;
  const delay_ms = most / 2 + state.core.random.below(0, Math.ceil(most / 2) + 1);
  state.core.clock.setTimeout(() => state.send({ type: 'due' }), delay_ms);
}

function endAll(state: State, error: QuorateError): void {
  for (const watching of [...state.watchings.values()]) watching.end(error);
}

/* ---- what the member says -------------------------------------------------------------------------------------- */

function hear(state: State, raw: LinkMessage): void {
  let message: WatchMessage;
  try {
    message = decodeWatchMessage(raw.body);
  } catch (error) {
    return lose(state, error instanceof Error ? error.message : String(error));
  }
  state.heard_ms = state.core.clock.now_ms();
  if (message.ended !== '') return lose(state, message.ended);
  // [safety] A number that is missing was a response that is: the member is not asked for it again, another is.
  if (message.number !== state.number + (message.heartbeat === null ? 1 : 0))
    return lose(state, 'a response is missing');
  state.number = message.number;
  if (state.subject === null && raw.reply !== undefined) opened(state, raw.reply);
  const { stream } = state;
  for (const response of message.responses) {
    hearResponse(state, message, response);
    if (state.stream !== stream) return;
  }
  state.unacknowledged_bytes += raw.body.length;
  if (message.heartbeat !== null) hearHeartbeat(state, message, message.heartbeat);
  else if (state.unacknowledged_bytes >= ACKNOWLEDGE_BYTES) acknowledge(state);
}

function opened(state: State, subject: string): void {
  state.subject = subject;
  state.failures = 0;
  state.leaderless = 0;
  // `<cluster>.member.<name>.watch.<id>`
  state.member = subject.split('.').at(-3);
  state.send({ type: 'opened' });
}

/** The member knows the first one already. */
function greet(state: State): void {
  const [first] = state.creating;
  for (const watching of [...state.watchings.values()]) if (watching !== first) createAt(state, watching);
}

function createAt(state: State, watching: Watching): void {
  state.creating.push(watching);
  say(state, { type: 'create', create: watching.request() });
}

function hearResponse(state: State, { header }: WatchMessage, response: WatchResponse): void {
  if (response.created) {
    const watching = state.creating.shift();
    if (watching === undefined || state.watchings.get(watching.id) !== watching) return;
    if (response.canceled) return watching.end(refusalOf(response));
    state.taken.add(watching);
    watching.created(header, response.revision);
    watching.connected(state.member ?? '');
    return;
  }
  for (const id of response.watch_ids) {
    if (id < 0) return markAll(state, header, response.revision, [], true);
    const watching = state.watchings.get(id);
    if (watching === undefined || !state.taken.has(watching)) continue;
    if (response.canceled) watching.end(refusalOf(response));
    else watching.response(header, response);
  }
}

function refusalOf({ compact_revision, cancel_reason }: WatchResponse): QuorateError {
  if (compact_revision > 0) return new CompactedWatchError(compact_revision);
  return new QuorateError('Canceled', cancel_reason === '' ? errorOf('WatchCanceled').message : cancel_reason);
}

function markAll(
  state: State,
  header: WatchMessage['header'],
  revision: number,
  behind: readonly number[],
  asked: boolean,
): void {
  const apart = new Set(behind);
  for (const watching of state.taken) if (!apart.has(watching.id)) watching.mark(header, revision, asked);
}

function hearHeartbeat(
  state: State,
  { header }: WatchMessage,
  heartbeat: NonNullable<WatchMessage['heartbeat']>,
): void {
  markAll(state, header, header.revision, heartbeat.behind, false);
  if (state.unacknowledged_bytes > 0) acknowledge(state);
  state.leaderless = heartbeat.leader ? 0 : state.leaderless + 1;
  if (state.leaderless >= LEADERLESS_MAX) lose(state, 'the member hears no leader');
}

/* ---- what the member is told ----------------------------------------------------------------------------------- */

function acknowledge(state: State): void {
  state.unacknowledged_bytes = 0;
  say(state, { type: 'acknowledge', number: state.number });
}

function say(state: State, request: WatchRequest): void {
  if (state.subject !== null) state.core.link.publish(state.subject, encodeWatchRequest(request, 'msgpack'));
}
