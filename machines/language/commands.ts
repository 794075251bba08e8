/**
 * What a client can ask of the store and what it answers (field names as on the wire: etcd's, in snake_case), and the
 * commands that the log carries. Defaults are filled in and values checked by validation.ts before anything else sees
 * them.
 */
import type { ErrorName } from './errors.js';
import type { LeaseCheckpoint, LeaseGrantRequest, LeaseGrantResult, LeaseRevokeResult } from './leases.js';
import type { ClusterId, Configuration, MemberId, Revision } from './vocabulary.js';

/**
 * ---- requests (reference 1.1) -------------------------------------------------------------------------------------
 */

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

export interface RangeRequest {
  readonly key: Uint8Array;
  readonly range_end: Uint8Array;
  readonly limit: number;
  readonly revision: number;
  readonly sort_order: SortOrder;
  readonly sort_target: SortTarget;
  readonly serializable: boolean;
  readonly keys_only: boolean;
  readonly count_only: boolean;
  readonly min_mod_revision: number;
  readonly max_mod_revision: number;
  readonly min_create_revision: number;
  readonly max_create_revision: number;
}

export interface PutRequest {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Signed 64 bits; 0 is "no lease" and detaches. */
  readonly lease: bigint;
  readonly prev_kv: boolean;
  readonly ignore_value: boolean;
  readonly ignore_lease: boolean;
  /**
   * Above 0: a lease of so many milliseconds is made and the key attached to it, in the same transaction; `lease` is
   * then the new lease's id, 0 where one is to be drawn.
   */
  readonly ttl_ms: number;
}

export interface DeleteRequest {
  readonly key: Uint8Array;
  readonly range_end: Uint8Array;
  readonly prev_kv: boolean;
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'not_equal';
export type CompareTarget = 'version' | 'create' | 'mod' | 'value' | 'lease';

/** `stored ⟨result⟩ given`; the given value is the field that `target` names (absent: 0 or empty). */
export interface Compare {
  readonly result: CompareResult;
  readonly target: CompareTarget;
  readonly key: Uint8Array;
  readonly range_end: Uint8Array;
  readonly version: number;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly TxnOperation[];
  readonly failure: readonly TxnOperation[];
}

export type TxnOperation =
  | { readonly range: RangeRequest }
  | { readonly put: PutRequest }
  | { readonly delete: DeleteRequest }
  | { readonly txn: TxnRequest };

export interface CompactRequest {
  readonly revision: number;
  /** Answer only when the old data is gone from this member's store. */
  readonly physical: boolean;
}

export interface HashKvRequest {
  /** 0: the latest. */
  readonly revision: number;
}

export interface MemberListRequest {
  readonly linearizable: boolean;
}

/**
 * ---- answers ------------------------------------------------------------------------------------------------------
 */

export interface Header {
  readonly cluster_id: ClusterId;
  readonly member_id: MemberId;
  readonly revision: number;
  readonly raft_term: number;
  readonly raft_index: number;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly create_revision: number;
  readonly mod_revision: number;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

/** Every result carries the revision its header shows; the header itself is added where the answer leaves. */
export interface RangeResult {
  readonly revision: Revision;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutResult {
  readonly revision: Revision;
  readonly prev_kv: KeyValue | null;
  /** The lease that the put's own TTL made; 0 without one. */
  readonly lease: bigint;
}

export interface DeleteResult {
  readonly revision: Revision;
  readonly deleted: number;
  readonly prev_kvs: readonly KeyValue[];
}

export interface TxnResult {
  readonly revision: Revision;
  readonly succeeded: boolean;
  readonly responses: readonly OperationResult[];
}

export type OperationResult =
  | { readonly range: RangeResult }
  | { readonly put: PutResult }
  | { readonly delete: DeleteResult }
  | { readonly txn: TxnResult };

export interface CompactResult {
  readonly revision: Revision;
}

export interface HashKvResult {
  readonly revision: Revision;
  readonly hash: number;
  /** -1 before any compaction. */
  readonly compact_revision: number;
  readonly hash_revision: number;
}

export interface MemberListResult {
  readonly members: readonly (Member & { readonly is_learner: boolean })[];
}
interface Member {
  readonly id: MemberId;
  readonly name: string;
  /** NATS subjects by which peers reach it. */
  readonly peer_urls: readonly string[];
  /** etcd doors that are open. */
  readonly client_urls: readonly string[];
}

/**
 * ---- commands -----------------------------------------------------------------------------------------------------
 */

/** Who asked: 128 random bits a process, a number, and a log index the client had seen when it first sent this. */
export interface RequestId {
  readonly client: Uint8Array;
  readonly number: number;
  readonly since: number;
}

/** What the state machine can be told. Decided from the command and the replicated state alone (store/decide.ts). */
export type Operation =
  | { readonly type: 'put'; readonly put: PutRequest }
  | { readonly type: 'delete'; readonly delete: DeleteRequest }
  | { readonly type: 'txn'; readonly txn: TxnRequest }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'lease.grant'; readonly grant: LeaseGrantRequest }
  /** `expired`: the leader's own, once its time has run out. */
  | { readonly type: 'lease.revoke'; readonly id: bigint; readonly expired: boolean }
  /** The leader's own: what remains of leases; 0 takes the note back, so that a lease has its full TTL again. */
  | { readonly type: 'lease.checkpoint'; readonly leases: readonly LeaseCheckpoint[] };

export interface Command {
  readonly request: RequestId | null;
  /**
   * What the leader settled because it depends on its flags (the quota): the operation is not to be done, and this is
   * its outcome, unless the request id is known already. [safety] Null otherwise.
   */
  readonly refused: ErrorName | null;
  readonly operation: Operation;
}

/** What an operation came to. An `error` is a decision too: it had no effect, and a repeated request gets it again. */
export type Decision =
  | { readonly type: 'put'; readonly put: PutResult }
  | { readonly type: 'delete'; readonly delete: DeleteResult }
  | { readonly type: 'txn'; readonly txn: TxnResult }
  | { readonly type: 'compact'; readonly compact: CompactResult }
  | { readonly type: 'lease.grant'; readonly grant: LeaseGrantResult }
  | { readonly type: 'lease.revoke'; readonly revoke: LeaseRevokeResult }
  | { readonly type: 'lease.checkpoint'; readonly revision: Revision }
  | { readonly type: 'error'; readonly error: ErrorName; readonly revision: Revision }
  /** Decided before, but its answer was too long to keep: it was applied at `revision`. */
  | { readonly type: 'truncated'; readonly revision: Revision };

/** Why a key was deleted. */
export type DeleteCause = 'user' | 'lease expired' | 'lease revoked';

/** A committed change of one key, as watchers will see it. */
export interface StoreEvent {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
  /** `user` for puts. */
  readonly cause: DeleteCause;
}

/** The membership as the store displays it, from the last configuration entry applied. */
export interface StoredConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}
