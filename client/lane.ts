/** Where calls go: a queue for each destination, and how long it waits when nobody there serves. */
import type { Random } from '../machines/language/time.js';
import { clusterSubject, memberSubject } from '../transport/subjects.js';
import type { Operation } from '../transport/ports.js';
import type { Attempt, Call } from './call.js';

const WAIT_FIRST_MS = 10;
const WAIT_LAST_MS = 200;
/**
 * A lane has one message on its way, and what is called meanwhile goes together in the next: each costs every member
 * about as much as dozens of calls in it. A second one leaves beside it when both are small, or when it is large.
 */
const SMALL_CALLS = 16;
const LARGE_CALLS = 128;
/** An answer that takes several times as long as the last is not waited for: a compaction's, or a lost one. */
const PATIENCE = 3;
const PATIENCE_LEAST_MS = 10;
const PATIENCE_MOST_MS = 100;
/** "Nobody serves this" comes at once and costs a node nothing: whoever leads next is found soon after it does. */
const UNSERVED_WAIT_LAST_MS = 30;

export type Destination =
  /** Whoever leads: writes and linearizable reads, in the order issued. */
  | { readonly type: 'leader' }
  /** Any member: serializable reads. */
  | { readonly type: 'anyMember' }
  /** One member by name. */
  | { readonly type: 'member'; readonly member: string; readonly serializable: boolean }
  /** An operation that is no part of a batch, at one member or at any. */
  | { readonly type: 'single'; readonly op: Operation; readonly member: string | undefined };

/** Where a linearizable read goes that is to travel alone; anything else goes where it went. */
export function readApart(op: Operation, destination: Destination): Destination {
  const batched = destination.type === 'leader' || (destination.type === 'member' && !destination.serializable);
  if (op !== 'kv.range' || !batched) return destination;
  return { type: 'single', op, member: destination.type === 'leader' ? undefined : destination.member };
}

export interface Lane {
  readonly destination: Destination;
  /** Calls that are not in an attempt; sorted by number when they leave. */
  waiting: Call[];
  sorted: boolean;
  /** Attempts that nothing was heard of yet; none where calls travel alone, which gain nothing by waiting. */
  unheard: readonly Attempt[];
  /** How long the last first answer took. */
  answered_in_ms: number;
  notBefore_ms: number;
  /** Attempts in a row that came to nothing. */
  failures: number;
  /** The last attempt was answered by "nobody serves this". */
  unserved: boolean;
  /** Learns the cluster's id and log index before a write leaves. */
  primer: Call | undefined;
}

export const newLane = (destination: Destination): Lane => ({
  destination,
  waiting: [],
  sorted: true,
  unheard: [],
  answered_in_ms: 0,
  notBefore_ms: 0,
  failures: 0,
  unserved: false,
  primer: undefined,
});

/** The name under which a destination's lane is kept. */
export function laneName(destination: Destination): string {
  switch (destination.type) {
    case 'leader':
    case 'anyMember':
      return destination.type;
    case 'member':
      return `${destination.serializable ? 'read' : 'ask'} ${destination.member}`;
    case 'single':
      return `${destination.op} ${destination.member ?? ''}`;
  }
}

/** `chosen` is the member that this attempt at `anyMember` goes to, if one is known. */
export function subjectOf(cluster: string, destination: Destination, chosen: string | undefined): string {
  switch (destination.type) {
    case 'leader':
      return clusterSubject(cluster, 'batch');
    case 'anyMember':
      return chosen === undefined
        ? clusterSubject(cluster, 'batch.read')
        : memberSubject(cluster, chosen, 'batch.read');
    case 'member':
      return memberSubject(cluster, destination.member, destination.serializable ? 'batch.read' : 'batch');
    case 'single': {
      const { op, member } = destination;
      return member === undefined ? clusterSubject(cluster, op) : memberSubject(cluster, member, op);
    }
  }
}

export function queue(lane: Lane, call: Call): void {
  const last = lane.waiting.at(-1);
  if (last !== undefined && last.number > call.number) lane.sorted = false;
  lane.waiting.push(call);
}

/** Whether another message may leave now, beside those that nothing was heard of yet. */
export function mayLeave(lane: Lane, now_ms: number): boolean {
  if (lane.notBefore_ms > now_ms) return false;
  if (lane.unheard.length === 0) return true;
  const patience_ms = Math.min(PATIENCE_MOST_MS, Math.max(PATIENCE_LEAST_MS, PATIENCE * lane.answered_in_ms));
  lane.unheard = lane.unheard.filter((each) => !each.heard && !each.over && now_ms - each.sent_ms < patience_ms);
  const [first, second] = lane.unheard;
  if (first === undefined) return true;
  if (second !== undefined) return false;
  return lane.waiting.length >= LARGE_CALLS || first.calls.length + lane.waiting.length <= SMALL_CALLS;
}

export function noteSent(attempt: Attempt): void {
  const { lane } = attempt;
  if (lane.destination.type !== 'single') lane.unheard = [...lane.unheard, attempt];
}

/** An answer to an attempt has come. */
export function hearAttempt(attempt: Attempt, now_ms: number): void {
  if (attempt.heard) return;
  attempt.heard = true;
  attempt.lane.answered_in_ms = now_ms - attempt.sent_ms;
}

/** Waits a little, longer each time, not in step with other clients. */
export function backOff(lane: Lane, now_ms: number, random: Random): void {
  const last = lane.unserved ? UNSERVED_WAIT_LAST_MS : WAIT_LAST_MS;
  const wait = Math.min(last, WAIT_FIRST_MS * 2 ** Math.min(lane.failures, 10));
  lane.failures++;
  lane.notBefore_ms = now_ms + wait / 2 + random.below(0, Math.ceil(wait / 2) + 1);
}

/** The first calls ask whether someone serves by now: the others wait for what they hear. */
export function awaitProbe(lane: Lane, now_ms: number): void {
  lane.notBefore_ms = now_ms + UNSERVED_WAIT_LAST_MS;
}

/** An answer came: the destination serves. */
export function served(lane: Lane): void {
  lane.failures = 0;
  lane.notBefore_ms = 0;
  lane.unserved = false;
}
