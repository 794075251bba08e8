/**
 * What a node remembers, as promises: one sentence each. The implementations (files, RocksDB, memory) all run the same
 * suites in test/compliance/. Tokens are for the composition root.
 */
import type {
  Command,
  Decision,
  HashKvResult,
  KeyValue,
  RangeRequest,
  RangeResult,
  StoreEvent,
  TxnRequest,
  TxnResult,
} from '../machines/language/commands.js';
import type { Lease } from '../machines/language/leases.js';
import type { KeyRange, RevisionEvents, WatchEvent } from '../machines/language/watching.js';
import type {
  ClusterId,
  Configuration,
  Entry,
  Epoch,
  HardState,
  Index,
  LogView,
  Member,
  MemberId,
  Revision,
  SnapshotMark,
  Term,
} from '../machines/language/vocabulary.js';

/**
 * ---- files --------------------------------------------------------------------------------------------------------
 */

/** Files below one data directory; paths are relative to it, with `/`. Errors carry node's `code` (ENOSPC, EIO, …). */
export interface Disk {
  /** The whole file, or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Names in a directory, sorted; empty when there is none. */
  list(directory: string): Promise<readonly string[]>;
  /** Opens for writing, making the file when it is missing. Its existence is durable after syncDirectory. */
  open(path: string): Promise<DiskFile>;
  /** With all that lead to it; durable when this resolves. */
  makeDirectory(path: string): Promise<void>;
  /** Atomic; durable after syncDirectory of both parents. */
  rename(from: string, to: string): Promise<void>;
  /** A file, or a directory with all that is in it; nothing happens when it is missing. */
  remove(path: string): Promise<void>;
  syncDirectory(path: string): Promise<void>;
}

export interface DiskFile {
  readonly size: number;
  /** Writes all of `bytes` at `at`; not durable before sync. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Writes all of `bytes` at `at`; these bytes, and they alone, are durable when this resolves. As sync: no retry. */
  writeSynced(bytes: Uint8Array, at: number): Promise<void>;
  /** Extends the file with zeros to `size`, so that later writes below it change no metadata. */
  allocate(size: number): Promise<void>;
  truncate(size: number): Promise<void>;
  /** Everything written is durable when this resolves. [safety] A failed sync is never tried again: the node ends. */
  sync(): Promise<void>;
  close(): Promise<void>;
}
export const DISK = Symbol('Disk');
/** The path of the data directory, for the adapters that work below it. */
export const DATA_DIRECTORY = Symbol('DataDirectory');

/**
 * ---- engine -------------------------------------------------------------------------------------------------------
 */

export type EngineWrite =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array };

/** Ordered bytes to bytes. Keys compare as bytes. */
export interface Engine {
  /** In the order asked; undefined where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** All of it or none of it; durable when this resolves if `sync`, else after the next synced write. */
  write(batch: readonly EngineWrite[], sync: boolean): Promise<void>;
  /** Pairs with from ≤ key < to, in order, as of the moment of the call, in pages of about `page_bytes`. */
  iterate(from: Uint8Array, to: Uint8Array, page_bytes?: number): AsyncIterable<readonly EnginePair[]>;
  /** Deletes from ≤ key < to. Not atomic: use it only for what nothing refers to any more. */
  deleteRange(from: Uint8Array, to: Uint8Array): Promise<void>;
  /** Bytes on disk, estimated. */
  size_bytes(): Promise<number>;
  close(): Promise<void>;
}
export type EnginePair = readonly [key: Uint8Array, value: Uint8Array];

/** Opens the engine that lives in a directory below the data directory, making it when it is missing. */
export interface EngineFactory {
  open(directory: string): Promise<Engine>;
  /** Removes a directory that open() made, closed before. */
  destroy(directory: string): Promise<void>;
  /** Names of the engines' directories below `parent`. */
  list(parent: string): Promise<readonly string[]>;
}
export const ENGINE_FACTORY = Symbol('EngineFactory');

/**
 * ---- identity -----------------------------------------------------------------------------------------------------
 */

/** identity.json: who lives in a data directory. */
export interface Identity {
  readonly format: 1;
  readonly member_id: MemberId;
  readonly name: string;
  readonly cluster_name: string;
  readonly epoch: Epoch;
}

export interface IdentityStore {
  /**
   * Reads or makes the identity, and raises and syncs its boot epoch. Throws when the directory belongs to another name
   * or cluster name, or its format is newer.
   */
  open(name: string, cluster_name: string): Promise<Identity>;
  /** Releases the lock that keeps a second process out of the directory. */
  close(): Promise<void>;
}
export const IDENTITY_STORE = Symbol('IdentityStore');

/**
 * ---- raft log -----------------------------------------------------------------------------------------------------
 */

/** The first entry of every cluster: all listed members with their identities; its hash is the cluster id. */
export interface Birth {
  readonly cluster_name: string;
  readonly members: readonly Member[];
}

export interface LogState {
  readonly hardState: HardState;
  /** Null until the cluster is born (the log is empty) or known from an installed snapshot. */
  readonly cluster: ClusterId | null;
  /** The engine directory that is current: the last snapshot installed, or the first one, `store/0`. */
  readonly stateDirectory: string;
  /** The membership at the log's start and every configuration entry after it, in order. */
  readonly configurations: readonly { readonly index: Index; readonly configuration: Configuration }[];
}

export interface LogStore extends LogView {
  /** Whom the cluster's first entry recorded, as long as this log ever held it; also after it is trimmed. */
  readonly birth: readonly Member[] | null;
  /** How much went to the disk in this life, for counters. */
  readonly written_bytes: number;
  /**
   * Reads the log. What follows the last whole batch is a torn tail and is cut. Throws DamagedError when the chain is
   * broken before that, or an index is missing.
   */
  open(): Promise<LogState>;
  /** Writes the first entry (index 1, term 1, a configuration) and the cluster id. Only into an empty log. */
  bear(birth: Birth): Promise<LogState>;
  /**
   * One write and one sync for all of it. Entries replace what the log holds from their first index on; the view
   * changes when this resolves. One call at a time.
   */
  write(batch: { readonly hardState: HardState; readonly entries: readonly Entry[] }): Promise<void>;
  /** Forgets entries up to and at `mark`. Only below an applied index that a synced state covers. */
  trim(mark: SnapshotMark): Promise<void>;
  /**
   * One synced record makes an installed snapshot current: the state directory, index, term, membership and cluster.
   * Entries after `mark` stay where the entry at it has its term, otherwise none does.
   */
  install(mark: SnapshotMark, stateDirectory: string, cluster: ClusterId): Promise<void>;
  close(): Promise<void>;
}
export const LOG_STORE = Symbol('LogStore');

/** Data on disk is not what was written there: the node must not start, and must not be restarted (exit code 4). */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}
/**
 * The data directory is another process's, another node's, or a newer build's: nothing is wrong with it (exit code 2).
 */
export class DirectoryError extends Error {
  override readonly name = 'DirectoryError';
}
/** The disk is full or a sync failed: nothing more can be kept (exit code 3). */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}

/**
 * ---- revision store -----------------------------------------------------------------------------------------------
 */

/** What became of one committed entry. */
export interface Decided {
  readonly index: Index;
  readonly term: Term;
  /** Null for empty and configuration entries. */
  readonly decision: Decision | null;
  /** What it changed among the leases. */
  readonly leases: readonly LeaseChange[];
}

/** What became of one lease; null: there is none. */
export interface LeaseChange {
  readonly id: bigint;
  readonly before: Lease | null;
  readonly after: Lease | null;
}

export interface Written {
  /** The state is durable up to here. */
  readonly applied: Index;
  readonly revision: Revision;
  /** The events of whole revisions, in order, that became visible with this write. */
  readonly events: readonly { readonly revision: Revision; readonly events: readonly StoreEvent[] }[];
}

export interface KvStatus {
  readonly revision: Revision;
  /** -1 before any compaction. */
  readonly compact_revision: number;
  readonly db_size: number;
  readonly db_size_in_use: number;
  readonly keys: number;
}

export interface LeaseView {
  get(id: bigint): Lease | undefined;
  all(): Iterable<Lease>;
  readonly size: number;
  /** The keys that hang on it, in order. */
  keysOf(id: bigint): readonly Uint8Array[];
}

/** What happened to keys, from a revision on. */
export interface HistoryRequest {
  /** Sorted, and none touches another (machines/ranges.ts). */
  readonly ranges: readonly KeyRange[];
  /** The first revision wanted. */
  readonly from: number;
  /** Each event with the pair as it was before. */
  readonly prev_kv: boolean;
  /** It ends after the revision that reaches one of them: of keys and values, of revisions that match. */
  readonly bytes_max: number;
  readonly revisions_max: number;
}

export interface History {
  /** Whole revisions that hold an event of the ranges, in order. */
  readonly revisions: readonly RevisionEvents[];
  /** All up to here was looked at. */
  readonly upTo: number;
  /** Of the state that was looked at. */
  readonly revision: number;
}

/** Part of the state at one revision, in key order. */
export interface PageRequest {
  readonly ranges: readonly KeyRange[];
  readonly revision: number;
  /** Only keys after this one; empty: all. */
  readonly after: Uint8Array;
  /** It ends with the pair that reaches it. */
  readonly bytes_max: number;
}

export interface Page {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
}

/**
 * The replicated state: revisions of keys, request records, membership for display. decide and write move forward side
 * by side: what is decided but not yet written is seen by decide alone.
 */
export interface KvStore {
  /**
   * Opens the state in a directory. `applied` is 0 for an empty one. Throws DamagedError when its chain of applied
   * indexes is broken: the caller then starts with an empty state and fetches a snapshot.
   */
  open(stateDirectory: string): Promise<{ readonly applied: Index }>;
  /** Discards what is in a directory (a state whose chain is broken) and opens it empty. */
  reset(stateDirectory: string): Promise<{ readonly applied: Index }>;
  /**
   * Goes on from the state in another directory: what is decided and not written is dropped, no write may be under way.
   * Reads go on meanwhile, each from the one or the other.
   */
  switchTo(stateDirectory: string): Promise<{ readonly applied: Index }>;
  /**
   * Decides committed entries, the next ones in order. One call at a time. Reads the command and replicated state only.
   */
  decide(entries: readonly Entry[]): Promise<readonly Decided[]>;
  /** Writes everything decided so far in one synced batch with its applied index. One call at a time. */
  write(): Promise<Written>;
  /** Bytes decided and not yet written. */
  readonly undecided_bytes: number;
  readonly status: KvStatus;
  /** The state as written, durable and visible. Throws QuorateError (Compacted, FutureRev). */
  range(request: RangeRequest): Promise<RangeResult>;
  /** The same at once, where it is one key whose record is in memory; null where it is not: then ask `range`. */
  rangeAtHand(request: RangeRequest): RangeResult | null;
  /** A transaction that only reads (B-17), all of it at one revision of the state as written. */
  read(txn: TxnRequest): Promise<TxnResult>;
  /** As decided, which may be ahead of what is written: nothing of it is taken back, since the log has it. */
  readonly leases: LeaseView;
  /** What happened, as written, in whole revisions. Throws QuorateError (Compacted). */
  history(request: HistoryRequest): Promise<History>;
  /** The events with the pairs as they were before; null where there was none, or it is compacted. */
  previous(events: readonly StoreEvent[]): Promise<readonly WatchEvent[]>;
  /** Throws QuorateError (Compacted, FutureRev). */
  page(request: PageRequest): Promise<Page>;
  /** Throws QuorateError (Compacted, FutureRev). */
  hashKv(revision: number): Promise<HashKvResult>;
  /** A hash of the whole replicated state at `applied`: equal on members with equal applied indexes. */
  hashState(): Promise<{ readonly applied: Index; readonly hash: number }>;
  /** Resolves when the physical work of the compaction at `revision` is done. */
  compacted(revision: number): Promise<void>;
  /** A consistent stream of the state as written. */
  snapshot(cluster: ClusterId, cluster_name: string): Promise<SnapshotSource>;
  /** Waits for the write in flight, drops what is decided and not written, and closes; open() may follow. */
  close(): Promise<void>;
}
export const KV_STORE = Symbol('KvStore');

/**
 * ---- snapshots ----------------------------------------------------------------------------------------------------
 */

/** QUORATE1: magic, head, chunks [length, crc32c, bytes], SHA-256 of all before it. Pulled; close() when done with. */
export interface SnapshotSource {
  readonly mark: SnapshotMark;
  readonly size_bytes: number;
  /** The next piece of the stream, of at most limits.snapshot_chunk_bytes, or null at its end. */
  next(): Promise<Uint8Array | null>;
  close(): Promise<void>;
}

/** Receives a stream into a state directory of its own. */
export interface SnapshotSink {
  /** Pieces in order. Throws DamagedError as soon as something does not add up. */
  add(piece: Uint8Array): Promise<void>;
  /** The whole stream verified and synced, parent directory too: the directory may become the current one. */
  finish(): Promise<{ readonly mark: SnapshotMark; readonly cluster: ClusterId; readonly stateDirectory: string }>;
  /** Removes what was received. */
  abort(): Promise<void>;
}

export interface SnapshotStore {
  /** Opens a sink; an earlier unfinished one is removed. */
  receive(): Promise<SnapshotSink>;
  /** Deletes every state directory but the current one. */
  sweep(currentStateDirectory: string): Promise<void>;
}
export const SNAPSHOT_STORE = Symbol('SnapshotStore');

/** Where the state machine's commands meet their decisions, for models and tests. */
export type { Command };
