/** Leases (reference 1.3): what the replicated state has of each, what a client can ask, and what it is answered. */
import type { Revision } from './vocabulary.js';

/** A lease as the replicated state has it. `remaining_ms` is the last checkpoint, 0 for none. */
export interface Lease {
  readonly id: bigint;
  readonly ttl_ms: number;
  readonly remaining_ms: number;
}

/** What remains of a lease, as the leader that counts it notes for the one that may follow it. */
export interface LeaseCheckpoint {
  readonly id: bigint;
  readonly remaining_ms: number;
}

/** `id` 0: one is drawn. */
export interface LeaseGrantRequest {
  readonly id: bigint;
  readonly ttl_ms: number;
}

export interface LeaseRevokeRequest {
  readonly id: bigint;
}

/** Many leases in one message. */
export interface LeaseKeepAliveRequest {
  readonly ids: readonly bigint[];
}

export interface LeaseTimeToLiveRequest {
  readonly id: bigint;
  readonly keys: boolean;
}

export interface LeaseGrantResult {
  readonly revision: Revision;
  readonly id: bigint;
  readonly ttl_ms: number;
}

export interface LeaseRevokeResult {
  readonly revision: Revision;
}

/** In the order asked; `ttl_ms` is the full TTL after the renewal, 0 where there is no such lease. */
export interface LeaseKeepAliveResult {
  readonly leases: readonly { readonly id: bigint; readonly ttl_ms: number }[];
}

export interface LeaseTimeToLiveResult {
  readonly id: bigint;
  /** What remains; -1 where there is no such lease. */
  readonly ttl_ms: number;
  readonly granted_ttl_ms: number;
  /** In order; empty unless asked for. */
  readonly keys: readonly Uint8Array[];
}

export interface LeaseListResult {
  readonly leases: readonly bigint[];
}
