/** How a member is: what `maintenance.status` answers. */

/** Ours: how a node itself is doing, over the last 30 to 60 seconds. */
export interface VitalSigns {
  /** How late its event loop came to what was due. */
  readonly event_loop_delay_p50_ms: number;
  readonly event_loop_delay_p99_ms: number;
  readonly event_loop_delay_max_ms: number;
  /** How long its log took to write and sync what had gathered. */
  readonly log_sync_p50_ms: number;
  readonly log_sync_p99_ms: number;
  readonly log_sync_max_ms: number;
  /** For how long the one that is under way has been; 0 when none is. */
  readonly log_sync_under_way_ms: number;
  /** The same of the store, whose writes are off the path of the answers. */
  readonly store_write_p50_ms: number;
  readonly store_write_p99_ms: number;
  readonly store_write_max_ms: number;
  readonly store_write_under_way_ms: number;
  /** Memory of its process that is in RAM; 0: a member of an earlier version, which does not tell. */
  readonly resident_memory_bytes: number;
}

export interface StatusResult {
  readonly name: string;
  readonly version: string;
  readonly storage_version: string;
  readonly db_size: number;
  readonly db_size_in_use: number;
  readonly db_size_quota: number;
  /** 0n when none is heard. */
  readonly leader: bigint;
  readonly raft_index: number;
  readonly raft_term: number;
  readonly raft_applied_index: number;
  readonly is_learner: boolean;
  readonly errors: readonly string[];
  /** Ours: the raft role's name, and the revision of the store. */
  readonly role: string;
  readonly revision: number;
  /** Null: a member of an earlier version, which does not tell. */
  readonly vitals: VitalSigns | null;
}
