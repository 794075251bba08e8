/** Leases as the client's callers see them. Times are milliseconds; ids are bigint. */
import type { CallOptions, ResponseHeader } from './types.js';

export interface GrantOptions {
  /** The lease's id, signed 64 bits; the cluster draws one by default. */
  readonly id?: bigint | undefined;
}

export interface GrantResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** As granted: never less than the cluster's smallest (`--min-lease-ttl`). */
  readonly ttlMs: number;
}

export interface RevokeResponse {
  readonly header: ResponseHeader;
}

export interface KeepAliveResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** From the moment the request was sent. */
  readonly ttlMs: number;
}

export interface TimeToLiveResponse {
  readonly header: ResponseHeader;
  readonly id: bigint;
  /** What remains; -1 when there is no such lease. */
  readonly ttlMs: number;
  readonly grantedTtlMs: number;
  /** The attached keys, in order, where they were asked for. */
  readonly keys: readonly Uint8Array[];
}

export interface LeasesResponse {
  readonly header: ResponseHeader;
  readonly leases: readonly bigint[];
}

/** A lease that is kept alive from here, until it is stopped or lost. */
export interface KeepAlive {
  readonly id: bigint;
  /**
   * False once the lease is lost, or its time has passed since the last renewal that was answered was sent: then it may
   * be gone, whatever the cluster would say.
   */
  readonly alive: boolean;
  /** Resolves when the lease is lost, with the reason; never after `stop`. Never rejects. */
  readonly lost: Promise<Error>;
  /** Calls back after every renewal. Returns a function that ends it. */
  onRenewed(listener: (answer: KeepAliveResponse) => void): () => void;
  /** Lets the lease be: it lives on for what remains of its time. */
  stop(): void;
}

export interface KeepAliveOptions {
  /**
   * The lease's TTL, where it was granted just now: `alive` counts it from this call until the first renewal, which is
   * asked for at once, is answered. Without it the lease is taken to be alive until then.
   */
  readonly ttlMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Leases {
  /** A lease of `ttlMs` milliseconds. */
  grant(ttlMs: number, options?: GrantOptions & CallOptions): Promise<GrantResponse>;
  /** Ends it and deletes all its keys in one revision. Rejects when there is no such lease. */
  revoke(id: bigint, options?: CallOptions): Promise<RevokeResponse>;
  /** One renewal. Rejects with `etcdserver: requested lease not found` when there is no such lease. */
  keepAliveOnce(id: bigint, options?: CallOptions): Promise<KeepAliveResponse>;
  /** Renews it now and at every third of its TTL, many leases in one message. Ends with the client. */
  keepAlive(id: bigint, options?: KeepAliveOptions): KeepAlive;
  timeToLive(id: bigint, options?: { readonly keys?: boolean | undefined } & CallOptions): Promise<TimeToLiveResponse>;
  list(options?: CallOptions): Promise<LeasesResponse>;
}
