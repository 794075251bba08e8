/** Where calls go: a queue for each destination, and how long it waits when nobody there serves. */
import type { Random } from '../machines/language/time.js';
import { clusterSubject, memberSubject } from '../transport/subjects.js';
import type { Operation } from '../transport/ports.js';
import type { Attempt, Call } from './call.js';

const WAIT_FIRST_MS = 10;
const WAIT_LAST_MS = 200;
/** Messages of a lane on their way; what is called meanwhile goes together in the next one. */
const UNHEARD_MAX = 2;
/** An answer may take its time, and is not waited for: a compaction's, or one from a member that is gone. */
const UNHEARD_MS = 10;
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
  /** Attempts that nothing was heard of yet. */
  unheard: readonly Attempt[];
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
  if (lane.unheard.length < UNHEARD_MAX) return true;
  lane.unheard = lane.unheard.filter((each) => !each.heard && !each.over && now_ms - each.sent_ms < UNHEARD_MS);
  return lane.unheard.length < UNHEARD_MAX;
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
