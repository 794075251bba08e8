/**
 * A stream of watches, shared by watchers: it hangs on one member, notices when that, NATS or a number goes missing,
 * and then goes on at another.
 */
import { createActor } from 'xstate';
import { watchSessionMachine } from '../machines/client/watch-session.machine.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import type { LinkError } from '../transport/ports.js';
import { clusterSubject, memberSubject } from '../transport/subjects.js';
import { encodeOpening } from '../transport/wire-watch-requests.js';
import { headerNames } from '../transport/wire.js';
import type { Core } from './core.js';
import { askForMembers, nextMember } from './roster.js';
import { hear } from './watch-hearing.js';
import { createAt, endAll, letGo, lose, newStream, say, type Stream } from './watch-stream.js';
import type { Watching } from './watcher.js';

const WINDOW_BYTES = 8 * 1024 * 1024;
const OPENING_MS = 1_500;
const SILENCE_MS = 3 * limits.watch_heartbeat_ms;
const LOOK_MS = 250;
const WAIT_FIRST_MS = 10;
const WAIT_LAST_MS = 500;

export interface WatchSession {
  readonly requireLeader: boolean;
  readonly hasRoom: boolean;
  add(watching: Watching): void;
  remove(watching: Watching): void;
  askProgress(): void;
  close(): void;
}

export function openWatchSession(core: Core, requireLeader: boolean): WatchSession {
  const stream = newStream(core, requireLeader, (event) => actor.send(event));
  const actor = createActor(
    watchSessionMachine.provide({
      actions: {
        ask: () => ask(stream),
        greet: () => greet(stream),
        wait: () => wait(stream),
        letGo: () => letGo(stream),
      },
    }),
  );
  actor.start();
  return {
    requireLeader,
    get hasRoom() {
      return stream.watchings.size < limits.watchers_per_session_max;
    },
    add: (watching) => {
      if (stream.watchings.size === 0) stream.led_ms = core.clock.now_ms();
      watching.id = ++stream.lastId;
      stream.watchings.set(watching.id, watching);
      if (stream.subject !== null) createAt(stream, watching);
      else stream.send({ type: 'wanted' });
    },
    remove: (watching) => {
      stream.watchings.delete(watching.id);
      // [safety] What the member says of everybody from now on is not about this one.
      stream.taken.delete(watching);
      say(stream, { type: 'cancel', watch_id: watching.id });
      if (stream.watchings.size > 0) return;
      stream.send({ type: 'emptied' });
    },
    askProgress: () => say(stream, { type: 'progress' }),
    close: () => {
      stream.send({ type: 'closed' });
      endAll(stream, null);
    },
  };
}

/* ---- finding a member ------------------------------------------------------------------------------------------ */

function ask(stream: Stream): void {
  const { core } = stream;
  const [first] = stream.watchings.values();
  if (first === undefined) return;
  const now = core.clock.now_ms();
  askForMembers(core, now);
  stream.member = nextMember(core.roster, now);
  const { member } = stream;
  const subject =
    member === undefined
      ? clusterSubject(core.cluster, 'watch.create')
      : memberSubject(core.cluster, member, 'watch.create');
  const headers = new Map<string, string>([[headerNames.pieces, 'yes']]);
  if (core.clusterHeader !== '') headers.set(headerNames.clusterId, core.clusterHeader);
  const body = encodeOpening({ create: first.request(), window_bytes: WINDOW_BYTES }, 'msgpack');
  stream.creating.clear();
  stream.creating.set(first.id, { watching: first, asked_ms: now });
  stream.number = 0;
  stream.heard_ms = now;
  const link = core.link.stream(subject, body, headers, {
    message: (message) => {
      if (stream.link === link) hear(stream, message);
    },
    ended: (error) => {
      if (stream.link === link) unreached(stream, error);
    },
  });
  stream.link = link;
  look(stream);
}

/** One timer while there is a stream: silence is how most losses show. */
function look(stream: Stream): void {
  if (stream.looking) return;
  stream.looking = true;
  stream.core.clock.setTimeout(() => {
    stream.looking = false;
    if (stream.link === null) return;
    // After a stall of our own what was said waits to be read: it is, before anybody is judged.
    if (whatIsMissed(stream) !== null) stream.core.clock.soon(() => judge(stream));
    look(stream);
  }, LOOK_MS);
}

function whatIsMissed(stream: Stream): string | null {
  if (stream.link === null) return null;
  const now = stream.core.clock.now_ms();
  const silence_ms = stream.subject === null ? OPENING_MS : SILENCE_MS;
  if (now - stream.heard_ms > silence_ms) return 'nothing is heard from the member';
  const [first] = stream.creating.values();
  return first !== undefined && now - first.asked_ms > OPENING_MS ? 'the member does not take a watcher' : null;
}

function judge(stream: Stream): void {
  const missed = whatIsMissed(stream);
  if (missed !== null) lose(stream, missed);
}

function unreached(stream: Stream, error: LinkError): void {
  if (error.reason === 'denied') return endAll(stream, new QuorateError('PermissionDenied', error.message));
  if (error.reason === 'tooLarge') return endAll(stream, errorOf('RequestTooLarge'));
  lose(stream, error.message);
}

function wait(stream: Stream): void {
  const most = Math.min(WAIT_LAST_MS, WAIT_FIRST_MS * 2 ** Math.min(stream.failures, 10));
  stream.failures++;
  const delay_ms = most / 2 + stream.core.random.below(0, Math.ceil(most / 2) + 1);
  stream.core.clock.setTimeout(() => stream.send({ type: 'due' }), delay_ms);
}

/** The member knows the first one already. */
function greet(stream: Stream): void {
  for (const [id, watching] of [...stream.watchings]) if (!stream.creating.has(id)) createAt(stream, watching);
}
