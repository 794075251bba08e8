/** What a node says of its disk, its state, its watches and its leases. */
import { counter, fact, gauge, histogram, type Row } from './rows.js';

export const storeRows: readonly Row[] = [
  histogram(
    'etcd_disk_wal_fsync_duration_seconds',
    'How long the log took to write and sync what had gathered.',
    ({ counts }) => counts.took.log,
  ),
  gauge('etcd_disk_wal_write_bytes_total', 'Bytes that were written to the log.', (view) => view.log_written_bytes),
  histogram(
    'etcd_disk_backend_commit_duration_seconds',
    'How long the store took to write what was decided, in one synced batch.',
    ({ counts }) => counts.took.store,
  ),
  histogram(
    'quorate_apply_duration_seconds',
    'How long it took to decide a batch of committed commands.',
    ({ counts }) => counts.took.apply,
  ),
  gauge(
    'etcd_mvcc_db_total_size_in_bytes',
    'The size of the state on disk.',
    fact(({ status }) => status.db_size),
  ),
  gauge(
    'etcd_mvcc_db_total_size_in_use_in_bytes',
    'The part of it that is in use.',
    fact(({ status }) => status.db_size_in_use),
  ),
  counter('etcd_mvcc_put_total', 'Puts that were decided here.', ({ counts }) => counts.puts),
  counter('etcd_mvcc_delete_total', 'Deletions that were decided here.', ({ counts }) => counts.deletes),
  counter('etcd_mvcc_txn_total', 'Transactions of several operations.', ({ counts }) => counts.txns),
  counter('etcd_mvcc_range_total', 'Reads that were answered here.', ({ counts }) => counts.ranges),
  gauge(
    'etcd_debugging_mvcc_keys_total',
    'Keys that there are.',
    fact(({ keys }) => keys),
  ),
  gauge(
    'etcd_debugging_mvcc_current_revision',
    'The revision of the state.',
    fact(({ status }) => status.revision),
  ),
  gauge(
    'etcd_debugging_mvcc_compact_revision',
    'The last compaction; -1: none.',
    fact(({ compact_revision }) => compact_revision),
  ),
  counter(
    'etcd_debugging_mvcc_events_total',
    'Events that watchers here were told.',
    ({ facts }) => facts?.events_told ?? 0,
  ),
  gauge(
    'etcd_debugging_mvcc_watcher_total',
    'Watchers that hang on this member.',
    fact(({ watchers }) => watchers),
  ),
  gauge(
    'etcd_debugging_mvcc_watch_stream_total',
    'Streams of watches that hang on this member.',
    fact(({ watch_streams }) => watch_streams),
  ),
  gauge(
    'etcd_debugging_mvcc_slow_watcher_total',
    'Watchers that are not told of each write as it comes, but catch up.',
    fact(({ watchers_behind }) => watchers_behind),
  ),
  gauge(
    'etcd_debugging_mvcc_pending_events_total',
    'Events that wait to be told.',
    fact(({ events_pending }) => events_pending),
  ),
  counter('etcd_debugging_lease_granted_total', 'Leases that were granted.', ({ counts }) => counts.leases_granted),
  counter(
    'etcd_debugging_lease_renewed_total',
    'Leases that this member renewed while it led.',
    ({ counts }) => counts.leases_renewed,
  ),
  counter('etcd_debugging_lease_revoked_total', 'Leases that ended.', ({ counts }) => counts.leases_revoked),
  histogram(
    'etcd_debugging_lease_ttl_total',
    'The TTLs of the leases that were granted, in seconds.',
    ({ counts }) => counts.lease_ttls,
  ),
  counter(
    'etcd_debugging_server_lease_expired_total',
    'Leases that this member found to be over while it led.',
    ({ counts }) => counts.leases_expired,
  ),
  gauge(
    'quorate_leases',
    'Leases that there are.',
    fact(({ leases }) => leases),
  ),
];
