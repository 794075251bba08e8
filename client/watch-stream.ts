/** The state of a stream of watches, and the small steps on it. */
import type { WatchSessionEvent } from '../machines/client/watch-session.machine.js';
import type { QuorateError } from '../machines/language/errors.js';
import type { WatchRequest } from '../machines/language/watching.js';
import type { LinkStream } from '../transport/ports.js';
import { encodeWatchRequest } from '../transport/wire-watch-requests.js';
import type { Core } from './core.js';
import { errorOf } from '../machines/language/errors.js';
import { markSilent } from './roster.js';
import type { Watching } from './watcher.js';

export interface Stream {
  readonly core: Core;
  readonly requireLeader: boolean;
  readonly watchings: Map<number, Watching>;
  /** Those that the member has taken. */
  readonly taken: Set<Watching>;
  /** Asked of the member and not answered, by id, in order. */
  readonly creating: Map<number, { readonly watching: Watching; readonly asked_ms: number }>;
  link: LinkStream | null;
  /** Where the member is spoken to; null before it has answered. */
  subject: string | null;
  member: string | undefined;
  number: number;
  unacknowledged_bytes: number;
  leaderless: number;
  heard_ms: number;
  /** When a member last said that it hears a leader. */
  led_ms: number;
  failures: number;
  lastId: number;
  looking: boolean;
  send(event: WatchSessionEvent): void;
}

/** So long a watcher that requires a leader waits for one. */
const LEADERLESS_MS = 5_000;

export const newStream = (core: Core, requireLeader: boolean, send: Stream['send']): Stream => ({
  core,
  requireLeader,
  watchings: new Map(),
  taken: new Set(),
  creating: new Map(),
  link: null,
  subject: null,
  member: undefined,
  number: 0,
  unacknowledged_bytes: 0,
  leaderless: 0,
  heard_ms: 0,
  led_ms: core.clock.now_ms(),
  failures: 0,
  lastId: 0,
  looking: false,
  send,
});

/** Tells the member; nobody where there is none. */
export function say(stream: Stream, request: WatchRequest): boolean {
  if (stream.subject === null) return false;
  return stream.core.link.publish(stream.subject, encodeWatchRequest(request, 'msgpack'));
}

export function createAt(stream: Stream, watching: Watching): void {
  const sent = say(stream, { type: 'create', create: watching.request() });
  if (sent) stream.creating.set(watching.id, { watching, asked_ms: stream.core.clock.now_ms() });
  // A connection that is lost is told of; what else does not leave is too large for any message.
  else if (stream.core.link.connected) watching.end(errorOf('RequestTooLarge'));
}

/** [safety] Each watcher goes on after the last whole revision or mark it had; what came of the next one is gone. */
export function lose(stream: Stream, reason: string): void {
  const { core, member } = stream;
  const now = core.clock.now_ms();
  if (member !== undefined) markSilent(core.roster, member, now);
  for (const watching of [...stream.taken]) watching.disconnected(reason);
  stream.send({ type: 'lost' });
  if (stream.requireLeader && now - stream.led_ms > LEADERLESS_MS) endAll(stream, errorOf('NoLeader'));
}

export function endAll(stream: Stream, error: QuorateError | null): void {
  for (const watching of [...stream.watchings.values()]) watching.end(error);
}

export function letGo(stream: Stream): void {
  say(stream, { type: 'end' });
  stream.link?.close();
  stream.link = null;
  stream.subject = null;
  stream.creating.clear();
  stream.taken.clear();
  stream.unacknowledged_bytes = 0;
}
