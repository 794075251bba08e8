/**
 * What a load program is told, as JSON in its only argument, and what it prints as one line of JSON. Each system has
 * one, with that system's own client; all do the same.
 */
import type { Case, Measured, Plan } from './cases.js';

/** Where the cluster is: NATS servers, or etcd's endpoints. */
export interface Way {
  readonly servers: readonly string[];
  readonly cluster_name: string;
}

/** Callers that each wait for their answer before the next call. */
export interface LoadTask extends Case, Plan {
  readonly mode: 'load';
  readonly connections: number;
}

/** Puts all keys, many in a transaction. */
export interface FillTask {
  readonly mode: 'fill';
  readonly keys: number;
  readonly value_bytes: number;
}

/**
 * Puts one key every `interval_ms`, whether or not those before it were answered; after `calm_ms` kills `pid`, and
 * tells how long it took from there to the first acknowledgement of a put that was sent after it.
 */
export interface ElectionTask {
  readonly mode: 'election';
  readonly pid: number;
  readonly interval_ms: number;
  readonly calm_ms: number;
}

/** Puts to one key, `writers` at a time, which all watchers are told of. */
export interface WatchTask {
  readonly mode: 'watch';
  readonly watchers: number;
  readonly connections: number;
  readonly puts: number;
  readonly writers: number;
  readonly value_bytes: number;
}

/** Puts to one key for some time; `watched`: by one that never reads. */
export interface StalledTask {
  readonly mode: 'stalled';
  readonly seconds: number;
  readonly callers: number;
  readonly value_bytes: number;
  readonly watched: boolean;
}

/** Keeps leases alive, and tells what processor time `pids` took meanwhile. */
export interface LeasesTask {
  readonly mode: 'leases';
  readonly leases: number;
  readonly ttl_seconds: number;
  readonly seconds: number;
  readonly pids: readonly number[];
}

export type Task = LoadTask | FillTask | ElectionTask | WatchTask | StalledTask | LeasesTask;

export interface Results {
  readonly load: Measured;
  readonly fill: { readonly seconds: number };
  readonly election: { readonly took_ms: number };
  readonly watch: {
    readonly events: number;
    readonly seconds: number;
    readonly puts: number;
    readonly put_seconds: number;
  };
  readonly stalled: { readonly count: number };
  /** Cores in use, of each process; and the leases that are there at the end. */
  readonly leases: { readonly cores: readonly number[]; readonly alive: number };
}

export const WATCHED_KEY = 'watched';

/** Keys in order of their numbers. */
export const keyAt = (place: number): string => `bench/${String(place).padStart(8, '0')}`;

export const RANGE_KEYS = 100;
/** As many as a transaction may hold by default, in round numbers. */
export const FILL_KEYS_PER_TXN = 100;
export const FILL_CALLERS = 20;
export const ELECTION_PUT_MAX_MS = 5_000;
