/** What a door counts: how long the requests of each kind took, and how the answers were. */
import { count, doubling } from '../machines/language/buckets.js';
import type { DoorMeters, Operation, Served } from './ports.js';

/** From a half of a millisecond to a quarter of a minute, in seconds. */
const FIRST_S = 0.0005;
const BUCKETS = 15;

/** Of one endpoint as long as it stands, by message. */
export interface EndpointTally {
  errors: number;
  last_error: string;
  /** From a message's arrival until its last answer left. */
  took_ms: number;
}

export const newTally = (): EndpointTally => ({ errors: 0, last_error: '', took_ms: 0 });

export interface DoorCounter {
  readonly meters: Omit<DoorMeters, 'links'>;
  answered(op: Operation, took_ms: number, ok: boolean): void;
  streamOpened(): void;
}

export function createDoorCounter(): DoorCounter {
  const served = new Map<Operation, Served>();
  const meters = { served, streams_opened: 0 };
  const servedOf = (op: Operation): Served => {
    const known = served.get(op);
    if (known !== undefined) return known;
    const first: Served = { ok: doubling(FIRST_S, BUCKETS), failed: doubling(FIRST_S, BUCKETS) };
    served.set(op, first);
    return first;
  };
  return {
    meters,
    answered: (op, took_ms, ok) => count(ok ? servedOf(op).ok : servedOf(op).failed, took_ms / 1_000),
    streamOpened: () => void meters.streams_opened++,
  };
}
