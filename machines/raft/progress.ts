/** How far each other member is, as the leader knows it: one row each, in one of three phases. */
import { limits } from '../language/limits.js';
import type { Index, Round, SnapshotOffer } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';

interface Flight {
  readonly last: Index;
  readonly bytes: number;
}

/**
 * probing: one append at a time until it is known where the logs agree.
 * streaming: appends leave without waiting, within a window.
 * snapshotting: the log no longer reaches the member; it installs a snapshot (`offer`: null until it is prepared).
 */
export interface Progress {
  readonly phase: 'probing' | 'streaming' | 'snapshotting';
  /** Acknowledged in this term: durable there and equal to this log. 0 ≤ match < next. */
  readonly match: Index;
  /** The next index to send. */
  readonly next: Index;
  readonly flights: readonly Flight[];
  readonly bytes_in_flight: number;
  /** Probing: an append is on its way. */
  readonly asked: boolean;
  /** The tick of the last probe, of the last ack that moved match, or of the first of the flights. */
  readonly moved_tick: number;
  /** The tick at which this member last answered anything. */
  readonly heard_tick: number;
  /** The highest round of this term that it answered. */
  readonly round: Round;
  /** The highest commit index it was sent. */
  readonly told: Index;
  readonly offer: SnapshotOffer | null;
}

export const firstProgress = (next: Index, tick: number): Progress => ({
  phase: 'probing',
  match: index(0),
  next,
  flights: [],
  bytes_in_flight: 0,
  asked: false,
  moved_tick: tick,
  heard_tick: tick,
  round: 0 as Round,
  told: index(0),
  offer: null,
});

export const heard = (row: Progress, tick: number): Progress => ({ ...row, heard_tick: tick });

/** Whether another append may leave now. */
export function hasRoom(row: Progress): boolean {
  if (row.phase === 'probing') return !row.asked;
  if (row.phase === 'snapshotting') return false;
  return row.flights.length < limits.appends_in_flight_max && row.bytes_in_flight < limits.bytes_in_flight_max;
}

/** An append up to `last` left. */
export function sent(row: Progress, last: Index, bytes: number, commit: Index, tick: number): Progress {
  const told = index(Math.max(row.told, Math.min(commit, last)));
  if (row.phase === 'probing') return { ...row, asked: true, moved_tick: tick, told };
  if (last < row.next) return { ...row, told };
  return {
    ...row,
    next: index(last + 1),
    flights: [...row.flights, { last, bytes }],
    bytes_in_flight: row.bytes_in_flight + bytes,
    moved_tick: row.flights.length === 0 ? tick : row.moved_tick,
    told,
  };
}

/** Everything up to `upTo` is durable at that member. A repeated or late acknowledgement changes nothing. */
export function accepted(row: Progress, upTo: Index, tick: number): Progress {
  if (row.phase !== 'streaming') {
    if (upTo < row.match) return row;
    return { ...stream(row, upTo), moved_tick: tick };
  }
  if (upTo <= row.match) return row;
  const landed = row.flights.findIndex((flight) => flight.last > upTo);
  const flights = landed < 0 ? [] : row.flights.slice(landed);
  let bytes_in_flight = 0;
  for (const flight of flights) bytes_in_flight += flight.bytes;
  const next = index(Math.max(row.next, upTo + 1));
  return { ...row, match: upTo, next, flights, bytes_in_flight, moved_tick: tick };
}

const stream = (row: Progress, match: Index): Progress => ({
  ...row,
  phase: 'streaming',
  match,
  next: index(match + 1),
  flights: [],
  bytes_in_flight: 0,
  asked: false,
  offer: null,
});

/** Back to one append at a time, from `next` on; the window is forgotten. */
export const probe = (row: Progress, next: Index, tick: number): Progress => ({
  ...row,
  phase: 'probing',
  next: index(Math.max(next, row.match + 1)),
  flights: [],
  bytes_in_flight: 0,
  asked: false,
  moved_tick: tick,
  offer: null,
});

export const snapshotting = (row: Progress, tick: number): Progress => ({
  ...row,
  phase: 'snapshotting',
  flights: [],
  bytes_in_flight: 0,
  asked: false,
  moved_tick: tick,
  offer: null,
});

/** Core NATS loses messages: what was sent and is not acknowledged for this many heartbeats is sent again. */
const heartbeats_before_resend = 2;
export const overdue = (row: Progress, tick: number, heartbeat_ticks: number): boolean =>
  tick - row.moved_tick >= heartbeats_before_resend * heartbeat_ticks;
