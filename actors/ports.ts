/** What a node is given: its ports, its settings. One set per node; several nodes can live in one process. */
import type { AutoCompaction } from '../machines/auto-compaction.js';
import type { Buckets } from '../machines/language/buckets.js';
import type { VitalSigns } from '../machines/language/status.js';
import type { Clock, Random } from '../machines/language/time.js';
import type { IdentityStore, KvStore, LogStore, SnapshotStore } from '../store/ports.js';
import type { ClientDoor, PeerTransport } from '../transport/ports.js';

export interface NodePorts {
  readonly identity: IdentityStore;
  readonly log: LogStore;
  readonly kv: KvStore;
  readonly snapshots: SnapshotStore;
  readonly peers: PeerTransport;
  readonly door: ClientDoor;
  readonly clock: Clock;
  readonly random: Random;
  readonly journal: Journal;
  readonly vitals: Vitals;
  /** Null: this node takes no drills. */
  readonly drill: Faults | null;
}

/** What a drill does to a node from outside. */
export interface Faults {
  /** The whole process stands still. */
  pause(for_ms: number): void;
  /** No letter of another member comes in or goes out. */
  isolate(for_ms: number): void;
}

/** How the node measures itself. */
export interface Vitals {
  /** One of these begins; to be called once it has ended, well or not. */
  begin(work: Work): () => void;
  read(): VitalSigns;
  /** What the rooms count as they go, for whoever asks later. */
  readonly counts: Counts;
}

/** A write of the log, a write of the store, and deciding what is committed; each comes one at a time. */
export type Work = 'log' | 'store' | 'apply';

/** Counted since the node began. */
export interface Counts {
  /** A leader was heard that was not heard just before. */
  leader_changes: number;
  proposals_failed: number;
  read_indexes_failed: number;
  /** Operations decided here, those within transactions too. */
  puts: number;
  deletes: number;
  /** Transactions of more than one operation. */
  txns: number;
  /** Reads answered here, and those within transactions. */
  ranges: number;
  leases_granted: number;
  leases_revoked: number;
  /** By this member while it led. */
  leases_renewed: number;
  leases_expired: number;
  /** Of the leases granted, in seconds. */
  readonly lease_ttls: Buckets;
  /** How long each kind of work took, in seconds. */
  readonly took: Readonly<Record<Work, Buckets>>;
  /** More than a tenth of a second. */
  slow_applies: number;
}

/** Where a node tells what it does: one line each, for people. deploy/ writes it as JSON. */
export interface Journal {
  info(what: string, facts?: Record<string, unknown>): void;
  warn(what: string, facts?: Record<string, unknown>): void;
  error(what: string, facts?: Record<string, unknown>): void;
}

export interface NodeSettings {
  readonly name: string;
  readonly cluster_name: string;
  /** The names of all first members; ignored once the data directory belongs to a cluster. */
  readonly initial_members: readonly string[];
  readonly version: string;
  readonly tick_ms: number;
  readonly heartbeat_ticks: number;
  readonly election_ticks: number;
  readonly request_bytes_max: number;
  readonly txn_ops_max: number;
  /** 0 or less: no quota. */
  readonly quota_bytes: number;
  readonly log_entries_before_trim: number;
  readonly log_entries_kept: number;
  readonly auto_compaction: AutoCompaction;
  /** A lease of less is granted with so much. */
  readonly min_lease_ttl_ms: number;
  /** How long a watcher that asked for it is told nothing before it is told how far it is. */
  readonly watch_progress_ms: number;
  /** The leader tells every event to whoever listens. */
  readonly event_feed: boolean;
}
