/** A client's stream of watches: its watchers, what waits for the end of the turn, and how much is on its way. */
import type { Header } from '../machines/language/commands.js';
import { limits } from '../machines/language/limits.js';
import type {
  KeyRange,
  WatchCreate,
  WatchEvent,
  WatchMessage,
  WatchRequest,
  WatchResponse,
} from '../machines/language/watching.js';
import type { Watcher } from '../machines/watchers.js';
import type { WatchStream } from '../transport/ports.js';

/** Watchers of one session that see the same: what one is told, all of them are. */
export interface Bundle {
  readonly session: Session;
  readonly name: string;
  /** Normalized. */
  readonly ranges: readonly KeyRange[];
  readonly create: WatchCreate;
  readonly rows: Set<Row>;
}

export interface Row {
  readonly id: number;
  readonly bundle: Bundle;
  state: Watcher;
  /** The part of the state that it begins with and has not seen yet. */
  initial: { readonly revision: number; after: Uint8Array } | null;
  /** It reads from the store at the moment. */
  reading: boolean;
  /** When it was last told anything. */
  told_ms: number;
}

export interface Session {
  readonly stream: WatchStream;
  /** 0: it acknowledges nothing. */
  readonly window_bytes: number;
  readonly rows: Map<number, Row>;
  readonly bundles: Map<string, Bundle>;
  /** Rows that the window holds back. */
  readonly lagging: Set<Row>;
  /** Rows that are told from time to time how far they are. */
  readonly notified: Set<Row>;
  outbox: WatchResponse[];
  outbox_bytes: number;
  number: number;
  /** Sent and not acknowledged, oldest first. */
  flying: { readonly number: number; readonly bytes: number }[];
  flying_bytes: number;
  nextId: number;
  beat_ms: number;
  progressAsked: boolean;
  /** Asked while a watcher waits for the state that it is to begin with: everything in its order. */
  waiting: { readonly request: WatchRequest; readonly index: number }[];
  ended: boolean;
}

export const newSession = (stream: WatchStream, window_bytes: number, now_ms: number): Session => ({
  stream,
  window_bytes: Math.min(window_bytes, limits.watch_window_bytes_max),
  rows: new Map(),
  bundles: new Map(),
  lagging: new Set(),
  notified: new Set(),
  outbox: [],
  outbox_bytes: 0,
  number: 0,
  flying: [],
  flying_bytes: 0,
  nextId: 0,
  beat_ms: now_ms,
  progressAsked: false,
  waiting: [],
  ended: false,
});

export const hasRoom = (session: Session): boolean =>
  session.window_bytes === 0 || session.flying_bytes + session.outbox_bytes < session.window_bytes;

/** Half of the window is free again: enough to be worth going on. */
const hasMuchRoom = (session: Session): boolean =>
  session.window_bytes === 0 || session.flying_bytes * 2 <= session.window_bytes;

/** True: rows that the window held back may go on. */
export function acknowledge(session: Session, number: number): boolean {
  let count = 0;
  for (const message of session.flying) {
    if (message.number > number) break;
    session.flying_bytes -= message.bytes;
    count++;
  }
  session.flying.splice(0, count);
  return session.lagging.size > 0 && hasMuchRoom(session);
}

/** Leaves with the turn. */
export function tell(session: Session, response: WatchResponse): void {
  session.outbox.push(response);
  session.outbox_bytes += weightOf(response.events);
}

/** Sends what the turn brought. False: it could not leave, and the session has a hole. */
export function flush(session: Session, header: Header): boolean {
  if (session.ended) return true;
  const responses = session.outbox;
  session.outbox = [];
  session.outbox_bytes = 0;
  return messagesOf(responses).every((each) => send(session, header, each));
}

function send(session: Session, header: Header, responses: readonly WatchResponse[]): boolean {
  const number = ++session.number;
  const bytes = session.stream.send({ header, number, responses, heartbeat: null, ended: '' });
  if (bytes === 0) return false;
  if (session.window_bytes > 0) {
    session.flying.push({ number, bytes });
    session.flying_bytes += bytes;
  }
  return true;
}

/** Heartbeats and the end take nothing of the window. */
export const say = (session: Session, header: Header, rest: Pick<WatchMessage, 'heartbeat' | 'ended'>): boolean =>
  session.stream.send({ header, number: session.number, responses: [], ...rest }) > 0;

function messagesOf(responses: readonly WatchResponse[]): readonly (readonly WatchResponse[])[] {
  const messages: WatchResponse[][] = [];
  let bytes = Infinity;
  for (const response of responses) {
    const size = weightOf(response.events);
    if (bytes + size > limits.watch_message_bytes) {
      messages.push([]);
      bytes = 0;
    }
    messages.at(-1)?.push(response);
    bytes += size;
  }
  return messages;
}

export const weightOf = (events: readonly WatchEvent[]): number => {
  let bytes = 0;
  for (const { event, prev_kv } of events) {
    bytes += event.kv.key.length + event.kv.value.length;
    if (prev_kv !== null) bytes += prev_kv.key.length + prev_kv.value.length;
  }
  return bytes;
};

/** In parts, where the watcher takes fragments and there are more bytes than one should have. */
export function fragmented(create: WatchCreate, response: WatchResponse): readonly WatchResponse[] {
  const whole = !create.fragment || weightOf(response.events) <= limits.watch_fragment_bytes;
  if (whole) return [response];
  const parts: WatchEvent[][] = [[]];
  let bytes = 0;
  for (const event of response.events) {
    const size = weightOf([event]);
    if (bytes > 0 && bytes + size > limits.watch_fragment_bytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(event);
    bytes += size;
  }
  return parts.map((events, n) => ({ ...response, events, fragment: n < parts.length - 1 }));
}
