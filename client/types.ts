/** What the client's callers see: options, requests' options, answers. Field names are camelCase; ids are bigint. */
import type { SortOrder, SortTarget } from '../machines/language/commands.js';
import type { Clock, Random } from '../machines/language/time.js';
import type { ClientLink } from '../transport/ports.js';
import type { Leases } from './lease-types.js';
import type { Watches } from './watch-types.js';

export type { SortOrder, SortTarget };

/** Text stands for its UTF-8 bytes. */
export type Bytes = string | Uint8Array;

export interface ConnectOptions {
  /** NATS servers, also as `nats://user:password@host` or `tls://host`; default `nats://127.0.0.1:4222`. */
  readonly servers?: string | readonly string[] | undefined;
  /** The cluster's name, the first token of its subjects; default `quorate`. */
  readonly clusterName?: string | undefined;
  /** The time budget of a call over all its attempts; default 5000. */
  readonly timeoutMs?: number | undefined;
  /**
   * Bytes of events that a watcher holds for a caller that reads slowly, at most (and one response more); default 4 MiB. Beyond
   * it stops listening, and goes on from its place when half of it is read.
   */
  readonly watchBufferBytes?: number | undefined;
  /** How the NATS server's monitoring shows this connection. */
  readonly name?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** An nkey seed. */
  readonly nkey?: string | undefined;
  /** The path of a NATS credentials file. */
  readonly creds?: string | undefined;
  /** Paths of PEM files. */
  readonly tls?: TlsOptions | undefined;
  /** Answers come to subjects below it; default `_INBOX`. */
  readonly inboxPrefix?: string | undefined;
  /** A connection made elsewhere (tests, one process); the client closes it when it is closed. */
  readonly link?: ClientLink | undefined;
  /** Time for tests and simulations; the real one by default. */
  readonly clock?: Clock | undefined;
  /** Chance for simulations; real chance by default. */
  readonly random?: Random | undefined;
}

export interface TlsOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export interface CallOptions {
  /** The time budget of this call over all its attempts. */
  readonly timeoutMs?: number | undefined;
  /** Ends the call; the error says whether it may have been applied. */
  readonly signal?: AbortSignal | undefined;
  /** Ask this member, by name. */
  readonly member?: string | undefined;
}

/* ---- requests -------------------------------------------------------------------------------------------------- */

export interface GetOptions {
  /** The end of the range, exclusive. */
  readonly rangeEnd?: Bytes | undefined;
  /** All keys that begin with the key. */
  readonly prefix?: boolean | undefined;
  /** All keys from the key on. */
  readonly fromKey?: boolean | undefined;
  /** At most so many keys; 0 is no limit. */
  readonly limit?: number | undefined;
  /** The state at this revision; 0 is the latest. */
  readonly revision?: number | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly sortTarget?: SortTarget | undefined;
  /** Answered by one member from its own state, which may be behind. */
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export interface PutOptions {
  /** Attach the key to this lease; 0n is none. */
  readonly lease?: bigint | undefined;
  /** Make a lease of so many milliseconds and attach the key to it, in the same transaction. */
  readonly ttlMs?: number | undefined;
  /** Answer with the pair as it was before. */
  readonly prevKv?: boolean | undefined;
  /** Keep the value, change the lease; the key must exist. */
  readonly ignoreValue?: boolean | undefined;
  /** Keep the lease, change the value; the key must exist. */
  readonly ignoreLease?: boolean | undefined;
}

export interface DeleteOptions {
  readonly rangeEnd?: Bytes | undefined;
  readonly prefix?: boolean | undefined;
  readonly fromKey?: boolean | undefined;
  /** Answer with the pairs that were deleted. */
  readonly prevKv?: boolean | undefined;
}

export interface CompactOptions {
  /** Wait until the old data is gone from the answering member's store. */
  readonly physical?: boolean | undefined;
}

export interface MemberListOptions {
  /** Default true: as known after a quorum round. */
  readonly linearizable?: boolean | undefined;
}

/* ---- answers --------------------------------------------------------------------------------------------------- */

export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly raftTerm: number;
  readonly raftIndex: number;
}

export interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  /** 0n: none. */
  readonly lease: bigint;
}

export interface GetResponse {
  readonly header: ResponseHeader;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

export interface PutResponse {
  readonly header: ResponseHeader;
  /** The lease that `ttlMs` made. */
  readonly lease?: bigint;
  readonly prevKv?: KeyValue;
}

export interface DeleteResponse {
  readonly header: ResponseHeader;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export interface TxnResponse {
  readonly header: ResponseHeader;
  readonly succeeded: boolean;
  /** One for each operation of the branch that ran, in order. */
  readonly responses: readonly OpResponse[];
}

/** The headers inside a transaction carry its revision. */
export type OpResponse =
  | ({ readonly type: 'get' } & GetResponse)
  | ({ readonly type: 'put' } & PutResponse)
  | ({ readonly type: 'delete' } & DeleteResponse)
  | ({ readonly type: 'txn' } & TxnResponse);

export interface CompactResponse {
  readonly header: ResponseHeader;
}

export interface Member {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface MemberListResponse {
  readonly header: ResponseHeader;
  readonly members: readonly Member[];
}

export interface StatusResponse {
  readonly header: ResponseHeader;
  readonly name: string;
  readonly version: string;
  readonly storageVersion: string;
  readonly dbSize: number;
  readonly dbSizeInUse: number;
  readonly dbSizeQuota: number;
  /** 0n when none is heard. */
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly isLearner: boolean;
  readonly errors: readonly string[];
  /** The raft role's name. */
  readonly role: string;
  /** The revision of this member's store. */
  readonly revision: number;
  /** How the member itself is doing; a member of an earlier version does not tell. */
  readonly vitals?: Vitals;
}

/** Over the last 30 to 60 seconds; `…UnderWayMs` is the age of a write that has not ended, 0 when there is none. */
interface Vitals {
  readonly eventLoopDelayP50Ms: number;
  readonly eventLoopDelayP99Ms: number;
  readonly eventLoopDelayMaxMs: number;
  readonly logSyncP50Ms: number;
  readonly logSyncP99Ms: number;
  readonly logSyncMaxMs: number;
  readonly logSyncUnderWayMs: number;
  readonly storeWriteP50Ms: number;
  readonly storeWriteP99Ms: number;
  readonly storeWriteMaxMs: number;
  readonly storeWriteUnderWayMs: number;
  /** Memory of the member's process that is in RAM, now; 0: a member of an earlier version. */
  readonly residentMemoryBytes: number;
}

export interface HashKvResponse {
  readonly header: ResponseHeader;
  readonly hash: number;
  /** -1 before any compaction. */
  readonly compactRevision: number;
  readonly hashRevision: number;
}

/* ---- the client ------------------------------------------------------------------------------------------------ */

declare const operation: unique symbol;
/** One operation of a transaction; made by `op`. */
export interface Op {
  readonly [operation]: true;
}

declare const comparison: unique symbol;
/** One comparison of a transaction; made by `compare`, `keyExists` or `keyMissing`. */
export interface Comparison {
  readonly [comparison]: true;
  /** The comparison must hold for every key from its key to `end`, exclusive. */
  withRange(end: Bytes): Comparison;
  /** The comparison must hold for every key that begins with its key. */
  withPrefix(): Comparison;
}

/** `if`, `then` and `else` each at most once and in this order; `commit` sends it. */
export interface TxnBuilder {
  if(...comparisons: readonly Comparison[]): TxnBuilder;
  then(...operations: readonly Op[]): TxnBuilder;
  else(...operations: readonly Op[]): TxnBuilder;
  commit(options?: CallOptions): Promise<TxnResponse>;
}

export interface Kv {
  get(key: Bytes, options?: GetOptions & CallOptions): Promise<GetResponse>;
  put(key: Bytes, value: Bytes, options?: PutOptions & CallOptions): Promise<PutResponse>;
  delete(key: Bytes, options?: DeleteOptions & CallOptions): Promise<DeleteResponse>;
  txn(): TxnBuilder;
  compact(revision: number, options?: CompactOptions & CallOptions): Promise<CompactResponse>;
}

export interface Cluster {
  memberList(options?: MemberListOptions & CallOptions): Promise<MemberListResponse>;
}

export interface Maintenance {
  /** The status of a member by name; of any member without one. */
  status(member?: string, options?: CallOptions): Promise<StatusResponse>;
  /** The hash of a member's revisions up to `revision`; 0 or none is the latest. */
  hashKv(member?: string, revision?: number, options?: CallOptions): Promise<HashKvResponse>;
}

export interface Client {
  readonly kv: Kv;
  readonly lease: Leases;
  readonly watch: Watches['watch'];
  readonly cluster: Cluster;
  readonly maintenance: Maintenance;
  /** Ends every call that is under way and closes the connection. */
  close(): Promise<void>;
}
