/** What the commands ask of a cluster: the client as they see it, so that they can be tried without one. */
import type { Leases } from '../../client/lease-types.js';
import type {
  CallOptions,
  CompactOptions,
  CompactResponse,
  DeleteOptions,
  DeleteResponse,
  GetOptions,
  GetResponse,
  HashKvResponse,
  KeyValue,
  MemberListOptions,
  MemberListResponse,
  PutOptions,
  PutResponse,
  StatusResponse,
  TxnResponse,
} from '../../client/types.js';
import type { Watcher, WatchOptions } from '../../client/watch-types.js';

export type Operation =
  | { readonly type: 'get'; readonly key: Uint8Array; readonly options: GetOptions }
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array; readonly options: PutOptions }
  | { readonly type: 'delete'; readonly key: Uint8Array; readonly options: DeleteOptions };

export type Relation = 'equals' | 'greater' | 'less' | 'notEqual';

/** `stored ⟨relation⟩ given`. */
export type Comparing =
  | {
      readonly target: 'version' | 'create' | 'mod';
      readonly key: Uint8Array;
      readonly relation: Relation;
      readonly given: number;
    }
  | { readonly target: 'value'; readonly key: Uint8Array; readonly relation: Relation; readonly given: Uint8Array }
  | { readonly target: 'lease'; readonly key: Uint8Array; readonly relation: Relation; readonly given: bigint };

export interface Transaction {
  readonly comparisons: readonly Comparing[];
  readonly success: readonly Operation[];
  readonly failure: readonly Operation[];
}

/** A lock or an office, and the session of its own that keeps it. */
export interface Held {
  readonly key: string;
  /** At which it was taken: greater for each later holder. */
  readonly revision: number;
  /** Resolves when it is lost; never after `release`. */
  readonly lost: Promise<Error>;
  /** Gives it up, and revokes the session's lease. */
  release(): Promise<void>;
}

export interface HoldOptions {
  readonly ttlMs: number;
  /** Gives up waiting. */
  readonly signal: AbortSignal;
}

export interface ClusterAccess {
  get(key: Uint8Array, options?: GetOptions & CallOptions): Promise<GetResponse>;
  put(key: Uint8Array, value: Uint8Array, options?: PutOptions): Promise<PutResponse>;
  delete(key: Uint8Array, options?: DeleteOptions): Promise<DeleteResponse>;
  txn(transaction: Transaction): Promise<TxnResponse>;
  compact(revision: number, options?: CompactOptions): Promise<CompactResponse>;
  memberList(options?: MemberListOptions): Promise<MemberListResponse>;
  status(member: string): Promise<StatusResponse>;
  hashKv(member: string, revision: number): Promise<HashKvResponse>;
  readonly lease: Leases;
  watch(key: Uint8Array, options: WatchOptions): Watcher;
  /** Resolves when the lock is held. */
  lock(name: string, options: HoldOptions): Promise<Held>;
  /** Resolves when the election is won. */
  campaign(name: string, proposal: string, options: HoldOptions): Promise<Held>;
  /** The leader's key with each value it says, then the next one's, until the signal aborts. */
  observe(name: string, signal: AbortSignal): AsyncIterable<KeyValue>;
  close(): Promise<void>;
}
