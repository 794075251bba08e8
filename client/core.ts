/** The state of a client's connection and the small steps on it: what is open, what waits where, what is in flight. */
import type { Clock, Random } from '../machines/language/time.js';
import { QuorateError } from '../machines/language/errors.js';
import { type ClientLink, LinkError } from '../transport/ports.js';
import type { Attempt, Call, Succeeded } from './call.js';
import { type Destination, type Lane, laneName, newLane, queue } from './lane.js';
import { closedError } from './outcome.js';
import { newRoster, type Roster } from './roster.js';

const MiB = 1024 * 1024;

/** What a client holds and has in flight at most. */
export const bounds = {
  /** Bytes of calls that have no outcome yet; beyond, a call is refused. */
  held_bytes_max: 256 * MiB,
  /** Bytes and calls that are sent and not answered; beyond, calls wait. */
  flying_bytes_max: 16 * MiB,
  flying_max: 16_384,
  /** Kept free in a message for its headers. */
  headers_bytes: 1024,
} as const;

export interface Core {
  /** `undialled` until the first connection stands. */
  link: ClientLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly cluster: string;
  readonly timeout_ms: number;
  /** What a watcher holds that its caller has not read. */
  readonly watch_buffer_bytes: number;
  /** [safety] 128 random bits: no other process, and no earlier life of this one, has the same request ids. */
  readonly client: Uint8Array;
  /** The calls without an outcome, by number. */
  readonly calls: Map<number, Call>;
  readonly lanes: Map<string, Lane>;
  /** Attempts under way whose calls may become overdue. */
  readonly attempts: Set<Attempt>;
  readonly roster: Roster;
  publishing: boolean;
  closed: boolean;
  /** Batches are not allowed to us: reads go one by one. */
  readsApart: boolean;
  lastNumber: number;
  /** [safety] The cluster of the first answer, sent with every request from then on. */
  clusterId: bigint | null;
  /** Its `Quorate-Cluster-Id` header. */
  clusterHeader: string;
  /** The highest log index any answer showed, and when the leader last showed one. */
  highestIndex: number;
  heard_ms: number;
  held_bytes: number;
  flying: number;
  flying_bytes: number;
  /** Calls wait for others to be answered. */
  full: boolean;
  /** No call is due before this. */
  earliest_ms: number;
  /** Sends what waits, once this turn of the event loop has brought all it brings. */
  readonly wake: () => void;
  /** Keeps looking after deadlines while calls are open. */
  readonly watch: () => void;
}

export type CoreParts = Pick<
  Core,
  'clock' | 'random' | 'cluster' | 'timeout_ms' | 'watch_buffer_bytes' | 'wake' | 'watch'
>;

const notConnected = (): Promise<never> => Promise.reject(new LinkError('disconnected', 'quorate: not connected yet'));

const undialled: ClientLink = {
  max_payload: 0,
  connected: false,
  request: notConnected,
  requestMany: notConnected,
  stream: () => {
    throw new LinkError('disconnected', 'quorate: not connected yet');
  },
  publish: () => false,
  close: () => Promise.resolve(),
};

export const newCore = (parts: CoreParts): Core => ({
  ...parts,
  link: undialled,
  client: parts.random.bytes(16),
  calls: new Map(),
  lanes: new Map(),
  attempts: new Set(),
  roster: newRoster(parts.random.below(0, 1024)),
  publishing: false,
  closed: false,
  readsApart: false,
  lastNumber: 0,
  clusterId: null,
  clusterHeader: '',
  highestIndex: 0,
  heard_ms: -Infinity,
  held_bytes: 0,
  flying: 0,
  flying_bytes: 0,
  full: false,
  earliest_ms: Infinity,
});

export function laneTo(core: Core, destination: Destination): Lane {
  const name = laneName(destination);
  const known = core.lanes.get(name);
  if (known !== undefined) return known;
  const lane = newLane(destination);
  core.lanes.set(name, lane);
  return lane;
}

/** Takes a call in. Throws when the client holds too much already, or is closed. */
export function hold(core: Core, call: Call): void {
  if (core.closed) throw closedError(call);
  if (core.held_bytes + call.bytes > bounds.held_bytes_max && core.calls.size > 0) {
    const [held, most] = [core.calls.size, bounds.held_bytes_max / MiB];
    const text = `quorate: client: ${held} calls of ${most} MiB in all wait for answers; await some before making more`;
    throw new QuorateError('ResourceExhausted', text);
  }
  core.calls.set(call.number, call);
  core.held_bytes += call.bytes;
  core.earliest_ms = Math.min(core.earliest_ms, call.deadline_ms);
  queue(call.lane, call);
  core.wake();
  core.watch();
}

/** The call is part of an attempt now. */
export function fly(core: Core, call: Call, attempt: Attempt): void {
  call.attempt = attempt;
  core.flying++;
  core.flying_bytes += call.bytes;
}

function land(core: Core, call: Call): void {
  if (call.attempt === null) return;
  call.attempt = null;
  core.flying--;
  core.flying_bytes -= call.bytes;
}

/** Back to its lane: the attempt came to nothing. */
export function sendAgain(core: Core, call: Call): void {
  land(core, call);
  queue(call.lane, call);
}

function release(core: Core, call: Call): void {
  call.settled = true;
  land(core, call);
  core.calls.delete(call.number);
  core.held_bytes -= call.bytes;
  call.unhook?.();
  if (core.full) core.wake();
}

export function succeed(core: Core, call: Call, answer: Succeeded): void {
  release(core, call);
  call.succeed(answer);
}

export function fail(core: Core, call: Call, error: QuorateError): void {
  release(core, call);
  call.fail(error);
}
