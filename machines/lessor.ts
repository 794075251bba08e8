/**
 * The leases of a leader as rows: when each is over, and when what remains of it is noted for whoever leads next
 * (reference 2.6). Rows lie on a wheel by the moment that something is due; a renewal only moves the deadline, and a
 * row that is met too early goes on to its next moment. All of it is one leader's, and begins anew with the next.
 *
 * Why a lease is never over early: a client counts its TTL from the moment it sent the request, and here it is counted
 * from a later one: when the grant was decided, when a renewal was confirmed by a quorum, or when this leader began.
 * The last is right because what a leader notes is no less than what remained, and a renewal of a lease of which
 * something was noted is answered only once the note is taken back.
 */
import type { Lease, LeaseCheckpoint } from './language/leases.js';
import { limits } from './language/limits.js';

/**
 * `live`: its time runs. `clearing`: renewed, and answered once the note of what remained is taken back. `revoking`:
 * over; its revocation is on its way.
 */
type Phase = 'live' | 'clearing' | 'revoking';

interface LeaseRow {
  readonly id: bigint;
  readonly ttl_ms: number;
  phase: Phase;
  deadline_ms: number;
  /** What remained is proposed to be noted, or noted. */
  noted: boolean;
  /** It is noted again at this many eighths of its TTL. */
  eighths: number;
}

export interface Lessor {
  readonly rows: Map<bigint, LeaseRow>;
  /** Rows by the turn in which something may be due; one that was dropped meanwhile lies there still. */
  readonly wheel: Map<number, LeaseRow[]>;
  /** The last turn that was looked at in full. */
  turn: number;
}

const TURN_MS = 50;
/** Noted first at half of the TTL: who renews at every third never causes a note. */
const FIRST_NOTE = 4;

const turnOf = (at_ms: number): number => Math.ceil(at_ms / TURN_MS);

/** A leader begins to count: each lease has what was noted of it, or all of its TTL. */
export function openLessor(leases: Iterable<Lease>, now_ms: number): Lessor {
  const lessor: Lessor = { rows: new Map(), wheel: new Map(), turn: Math.floor(now_ms / TURN_MS) };
  for (const lease of leases) addLease(lessor, lease, now_ms);
  return lessor;
}

export function addLease(lessor: Lessor, lease: Lease, now_ms: number): void {
  const { id, ttl_ms, remaining_ms } = lease;
  const left_ms = remaining_ms > 0 ? remaining_ms : ttl_ms;
  const row: LeaseRow = {
    id,
    ttl_ms,
    phase: 'live',
    deadline_ms: now_ms + left_ms,
    noted: remaining_ms > 0,
    eighths: 0,
  };
  row.eighths = eighthsBelow(row, now_ms);
  lessor.rows.set(id, row);
  schedule(lessor, row, lessor.turn);
}

export const dropLease = (lessor: Lessor, id: bigint): void => void lessor.rows.delete(id);

/** The next eighth of its TTL that it has not reached, at most half. */
const eighthsBelow = (row: LeaseRow, now_ms: number): number =>
  Math.min(FIRST_NOTE, Math.ceil((8 * (row.deadline_ms - now_ms)) / row.ttl_ms) - 1);

/** When something is due next: a note, or the end. */
const dueAt = (row: LeaseRow): number => row.deadline_ms - (row.eighths * row.ttl_ms) / 8;

/** Once in a turn after `last`. */
function schedule(lessor: Lessor, row: LeaseRow, last: number): void {
  const turn = Math.max(last + 1, turnOf(dueAt(row)));
  const list = lessor.wheel.get(turn);
  if (list === undefined) lessor.wheel.set(turn, [row]);
  else list.push(row);
}

export interface Due {
  /** Their revocation is to be proposed. */
  readonly expired: bigint[];
  /** To be noted. */
  readonly notes: LeaseCheckpoint[];
}

/** Turns the wheel up to now. `isAwaited`: a renewal of it has arrived and is not decided; it goes before the end. */
export function turnWheel(lessor: Lessor, now_ms: number, isAwaited: (id: bigint) => boolean): Due {
  const due: Due = { expired: [], notes: [] };
  const last = Math.floor(now_ms / TURN_MS);
  while (lessor.turn < last) {
    const turn = lessor.turn + 1;
    const rows = lessor.wheel.get(turn) ?? [];
    lessor.wheel.delete(turn);
    lessor.turn = turn;
    for (const row of rows) {
      // Not by its id alone: a lease that was revoked and granted again under its id lies on the wheel anew.
      if (lessor.rows.get(row.id) !== row || row.phase === 'revoking') continue;
      const isDue = row.phase === 'live' && dueAt(row) <= now_ms && !isAwaited(row.id) && hasRoom(due);
      if (!isDue || meetDue(row, now_ms, due) === 'noted') schedule(lessor, row, last);
    }
  }
  return due;
}

const hasRoom = ({ expired, notes }: Due): boolean =>
  expired.length < limits.leases_expired_per_tick_max && notes.length < limits.leases_noted_per_tick_max;

function meetDue(row: LeaseRow, now_ms: number, due: Due): 'over' | 'noted' {
  if (row.deadline_ms <= now_ms) {
    row.phase = 'revoking';
    due.expired.push(row.id);
    return 'over';
  }
  row.noted = true;
  row.eighths = eighthsBelow(row, now_ms);
  due.notes.push({ id: row.id, remaining_ms: Math.ceil(row.deadline_ms - now_ms) });
  return 'noted';
}

/**
 * Whether a stall holds back what is due: renewals that arrived during it go first. From the first tick that comes late
 * until one comes in time, or HOLD_MAX_MS have passed: a loop that is always late must not keep leases for ever.
 */
export interface Pulse {
  ticked_ms: number;
  held_ms: number | null;
}

const LATE_TICKS = 3;
const HOLD_MAX_MS = 500;

export function holdsBack(pulse: Pulse, now_ms: number, tick_ms: number): boolean {
  const isLate = now_ms - pulse.ticked_ms > LATE_TICKS * tick_ms;
  pulse.ticked_ms = now_ms;
  if (isLate) pulse.held_ms ??= now_ms;
  else pulse.held_ms = null;
  return pulse.held_ms !== null && now_ms - pulse.held_ms <= HOLD_MAX_MS;
}

/** What a renewal comes to: done, to be done once a note is taken back, to wait for the revocation, or no lease. */
export type Renewal = 'renewed' | 'clear' | 'revoking' | 'gone';

export function renewLease(lessor: Lessor, id: bigint, now_ms: number): Renewal {
  const row = lessor.rows.get(id);
  if (row === undefined) return 'gone';
  if (row.phase === 'revoking') return 'revoking';
  if (row.noted || row.phase === 'clearing') {
    row.phase = 'clearing';
    return 'clear';
  }
  extend(row, now_ms);
  return 'renewed';
}

/** The note was taken back: the renewal counts. */
export function confirmCleared(lessor: Lessor, id: bigint, now_ms: number): boolean {
  const row = lessor.rows.get(id);
  if (row?.phase !== 'clearing') return row !== undefined && row.phase === 'live';
  row.phase = 'live';
  row.noted = false;
  extend(row, now_ms);
  return true;
}

function extend(row: LeaseRow, now_ms: number): void {
  row.deadline_ms = now_ms + row.ttl_ms;
  row.eighths = FIRST_NOTE;
}

/** Its revocation was refused, or the taking back of its note was: its time runs on, and what is due is due again. */
export function reviveLease(lessor: Lessor, id: bigint): void {
  const row = lessor.rows.get(id);
  if (row === undefined) return;
  const wasRevoking = row.phase === 'revoking';
  row.phase = 'live';
  if (wasRevoking) schedule(lessor, row, lessor.turn);
}

/** Milliseconds, at least 0; undefined where there is no such lease. */
export function remainingOf(lessor: Lessor, id: bigint, now_ms: number): number | undefined {
  const row = lessor.rows.get(id);
  return row === undefined ? undefined : Math.max(0, row.deadline_ms - now_ms);
}

export const ttlOf = (lessor: Lessor, id: bigint): number => lessor.rows.get(id)?.ttl_ms ?? 0;
