/** Every bound of the house, named with its unit; relations between them are asserted when this file is loaded. */
import { invariant } from './invariant.js';

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /* protocol time */
  tick_ms: 50,
  heartbeat_ticks: 2,
  election_ticks: 20,
  transfer_ticks_max: 20,

  /* replication */
  entries_per_append_max: 1024,
  bytes_per_append_max: 1 * MiB,
  appends_in_flight_max: 256,
  bytes_in_flight_max: 8 * MiB,
  uncommitted_bytes_max: 64 * MiB,
  /** How long the news of a commit waits for an append that carries it. */
  commit_notice_ms: 5,

  /* the log */
  log_entries_kept: 5_000,
  log_entries_before_trim: 10_000,
  log_bytes_before_trim: 64 * MiB,
  /** With so much in its log that its state has not taken, a member accepts no more entries. */
  log_bytes_max: 1024 * MiB,
  segment_bytes: 64 * MiB,
  /** How far a segment's file is filled with zeros ahead of what is written. */
  allocation_bytes: 4 * MiB,

  /* requests */
  request_bytes_max: 1536 * KiB,
  txn_ops_max: 128,
  /** Transactions within transactions. */
  txn_depth_max: 64,
  apply_lag_entries_max: 5_000,
  request_timeout_ms: 7_000,
  requests_waiting_max: 65_536,
  /** Of the messages that hold them, until each has its answer. */
  requests_waiting_bytes_max: 256 * MiB,
  batch_requests_max: 4_096,

  /* answers */
  /** Keys and values that one read may bring together. */
  read_bytes_max: 128 * MiB,
  /** The same for all that are being read: beyond it only the oldest goes on. */
  reads_bytes_max: 128 * MiB,
  /** One answer as it travels, in pieces or not. */
  answer_bytes_max: 256 * MiB,
  /** Answers that were sent and have not passed the NATS server. */
  answers_unsent_bytes_max: 512 * MiB,

  /* the store */
  undecided_bytes_max: 64 * MiB,
  /** What is decided waits for its write no longer than until there is so much of it. */
  undecided_bytes_before_write: 4 * MiB,
  quota_bytes: 2 * 1024 * MiB,
  compaction_batch_keys: 1_000,
  compaction_pause_ms: 10,
  /** Records kept in memory beside the engine's own cache, by bytes of key and value. */
  value_cache_bytes: 32 * MiB,
  /** Keys looked at before the event loop gets its turn. */
  keys_per_turn_max: 10_000,
  /** Bytes of the store's journal before it is folded into pages of the key index, when the pages are not larger. */
  journal_bytes_before_fold: 8 * MiB,
  /** Log indexes for which a request id is remembered. Replicated state: changing it is a new command version. */
  request_window_entries: 100_000,
  /** The outcome kept for a request id; a longer one is kept as its header, marked truncated. */
  outcome_bytes_max: 4 * KiB,

  /* leases */
  /** Reference B-46. */
  lease_ttl_ms_max: 9_000_000_000_000,
  /** Leases whose time is over that are revoked, and those whose remaining time is noted, in one tick. */
  leases_expired_per_tick_max: 1_000,
  leases_noted_per_tick_max: 1_000,
  /** Leases that one keepalive may name. */
  keepalive_leases_max: 4_096,
  /** Those who contend for locks and elections through the services. */
  contenders_max: 10_000,
  /** Those who wait for the next leader of an election. */
  observers_max: 10_000,

  /* snapshots */
  snapshot_chunk_bytes: 256 * KiB,
  snapshot_idle_ms: 30_000,

  /* watches */
  /** Clients' streams at one member. */
  watch_sessions_max: 4_096,
  watchers_per_session_max: 10_000,
  /** Ranges in one watcher. */
  watch_ranges_max: 128,
  /** Messages to a session that it has not acknowledged, where it acknowledges; one more is always sent. */
  watch_window_bytes_max: 16 * MiB,
  /** Keys and values in one message to a session; one revision always goes whole. */
  watch_message_bytes: 1 * MiB,
  /** Parts of a revision for a watcher that takes fragments. */
  watch_fragment_bytes: 2 * MiB,
  /** Watchers that read from the store at the same time, and what each reads at once. */
  watch_reads_max: 8,
  watch_read_bytes: 512 * KiB,
  watch_read_revisions: 1_000,
  /** Events that wait for the pairs as they were before; beyond, their watchers catch up from the store. */
  watch_previous_bytes_max: 16 * MiB,
  watch_heartbeat_ms: 1_000,
  watch_progress_ms: 600_000,
  watch_progress_ms_min: 100,

  /* the event feed */
  /** Of a key's tokens with the dots between them, in a subject. */
  event_feed_subject_bytes_max: 512,
  /** Prefixes above one key that have a running number. */
  event_feed_levels_max: 16,
  /** Prefixes whose running numbers are remembered. */
  event_feed_prefixes_max: 65_536,
  /** Of everything that waits for the NATS server, answers among it, while the feed may add to it. */
  event_feed_unsent_bytes_max: 64 * MiB,
  event_feed_beat_ms: 1_000,

  /* inspection */
  inspections_max: 8,
  inspection_for_ms_max: 3_600_000,
  inspection_frame_ms: 100,
  /** Of one message to who inspects. */
  inspection_frame_bytes: 128 * KiB,
  /** Letters, snapshots and steps that are told one by one, in a second. */
  inspection_per_second: 500,
  inspection_per_second_max: 10_000,
  /** Of everything that waits for the NATS server, answers among it, while an inspection may add to it. */
  inspection_unsent_bytes_max: 4 * MiB,
  drill_ms_max: 60_000,

  /* a node's life */
  drain_max_ms: 5_000,
  members_max: 31,
  name_length_max: 32,
} as const;

invariant(
  limits.election_ticks >= 5 * limits.heartbeat_ticks,
  'an election timeout outlasts several lost heartbeats',
  limits,
);
invariant(limits.commit_notice_ms < limits.tick_ms, 'a commit is told before the next heartbeat', limits);
invariant(limits.log_entries_kept < limits.log_entries_before_trim, 'a trimmed log keeps a tail', limits);
invariant(
  limits.undecided_bytes_before_write < limits.undecided_bytes_max,
  'the state writes before it is full',
  limits,
);
invariant(limits.bytes_per_append_max <= limits.bytes_in_flight_max, 'one append fits the window', limits);
invariant(limits.answer_bytes_max <= limits.answers_unsent_bytes_max, 'one answer can be sent', limits);
invariant(
  limits.event_feed_unsent_bytes_max < limits.answers_unsent_bytes_max,
  'the event feed gives way to answers',
  limits,
);
invariant(limits.read_bytes_max <= limits.answer_bytes_max, 'what one read brings together can be answered', limits);
invariant(
  limits.watch_window_bytes_max + limits.watch_message_bytes < limits.answer_bytes_max,
  'a session fits',
  limits,
);
invariant(limits.request_bytes_max < limits.watch_fragment_bytes, 'what one request wrote fits a fragment', limits);
invariant(limits.request_bytes_max < limits.uncommitted_bytes_max, 'one request fits the uncommitted bound', limits);
