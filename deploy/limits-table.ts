/** The tables of docs/LIMITS.md: every bound of the house, what it bounds, and what happens at it. */
import { bounds } from '../client/core.js';
import { limits } from '../machines/language/limits.js';

interface Row {
  readonly bounds: string;
  /** What happens at it. */
  readonly then: string;
  readonly flag?: string;
}

/** A bound without a row does not compile. */
const nodeRows: Record<keyof typeof limits, Row> = {
  tick_ms: { bounds: 'a tick, in which protocol time is counted', then: '', flag: '--heartbeat-interval' },
  heartbeat_ticks: { bounds: 'ticks between heartbeats', then: '' },
  election_ticks: {
    bounds: 'ticks without a leader before an election; how long a connection may be silent or a write take',
    then: 'election; the connection is dialled anew; a leader steps down, health is red',
    flag: '--election-timeout',
  },
  transfer_ticks_max: { bounds: 'ticks that handing leadership over may take', then: 'it is given up' },
  entries_per_append_max: { bounds: 'entries in one append', then: 'the rest goes with the next' },
  bytes_per_append_max: {
    bounds: 'bytes of entries in one append, and in one letter to the state (one entry always goes)',
    then: 'the rest goes with the next',
  },
  appends_in_flight_max: { bounds: 'appends to one member that it has not acknowledged', then: 'the next one waits' },
  bytes_in_flight_max: {
    bounds:
      'their bytes: with one append more, what a member holds that its disk has not taken, and what its NATS ' +
      'connection is given',
    then: 'the next one waits',
  },
  commit_notice_ms: {
    bounds: 'how long the news of a commit waits for an append that carries it',
    then: 'it goes alone',
  },
  uncommitted_bytes_max: {
    bounds: 'bytes in a leader’s log that are not committed (one batch is always let in)',
    then: '`etcdserver: too many requests`',
  },
  log_entries_kept: { bounds: 'entries that trimming the log leaves', then: '', flag: '--snapshot-count (half of it)' },
  log_entries_before_trim: { bounds: 'entries that make the log be trimmed', then: '', flag: '--snapshot-count' },
  log_bytes_before_trim: {
    bounds:
      'bytes of the log, in memory and on disk, that make it be trimmed; eight times as much while a member that is ' +
      'heard still needs it',
    then: 'trimmed; a member that needed it gets a snapshot',
  },
  log_bytes_max: {
    bounds: 'bytes of the log of a member whose state does not keep up',
    then: 'it accepts no more entries until the state has caught up, and says so; the leader sends them again',
  },
  segment_bytes: { bounds: 'a file of the log', then: 'the next file' },
  allocation_bytes: { bounds: 'zeros written ahead in a file of the log', then: '' },
  request_bytes_max: {
    bounds: 'a request, without what frames it',
    then: '`etcdserver: request is too large`',
    flag: '--max-request-bytes',
  },
  txn_ops_max: {
    bounds: 'comparisons, or operations of one branch',
    then: '`etcdserver: too many operations in txn request`',
    flag: '--max-txn-ops',
  },
  txn_depth_max: { bounds: 'transactions within transactions', then: 'InvalidArgument' },
  apply_lag_entries_max: { bounds: 'entries appended and not decided', then: '`etcdserver: too many requests`' },
  request_timeout_ms: {
    bounds: 'how long a request waits that says nothing of it',
    then: '`etcdserver: request timed out`',
  },
  requests_waiting_max: { bounds: 'requests without an answer', then: '`etcdserver: too many requests`' },
  requests_waiting_bytes_max: {
    bounds: 'bytes of the messages that hold them',
    then: '`etcdserver: too many requests`, for all of the message',
  },
  batch_requests_max: { bounds: 'requests in one message', then: 'InvalidArgument; our client sends several' },
  read_bytes_max: {
    bounds: 'keys and values that one range or read-only transaction reads',
    then: 'ResourceExhausted: `quorate: more than 128 MiB … use limit, a narrower range, keys_only or count_only`',
  },
  reads_bytes_max: {
    bounds: 'the same for all reads under way together (reads of up to 16 records are not counted)',
    then: 'the oldest goes on, the others wait',
  },
  answer_bytes_max: {
    bounds: 'an answer as it travels, and what a client puts together from pieces',
    then: 'ResourceExhausted: `quorate: the answer is too large for one message; use limit`',
  },
  answers_unsent_bytes_max: {
    bounds: 'answers that were handed to NATS and have not passed its server',
    then: 'an answer above 64 KiB becomes `etcdserver: too many requests`, or for a write its header alone',
  },
  undecided_bytes_max: {
    bounds: 'commands that wait to be decided; and again what is decided and not written',
    then: '`etcdserver: too many requests`; deciding waits for the write',
  },
  undecided_bytes_before_write: {
    bounds: 'commands that are decided and wait for company before they are written',
    then: 'they are written',
  },
  quota_bytes: {
    bounds: 'the state on disk',
    then: '`etcdserver: mvcc: database space exceeded` for what adds to it',
    flag: '--quota-backend-bytes',
  },
  compaction_batch_keys: { bounds: 'keys that compaction cleans in one go', then: 'a pause' },
  compaction_pause_ms: { bounds: 'that pause', then: '' },
  value_cache_bytes: { bounds: 'records kept in memory', then: 'the oldest are dropped' },
  keys_per_turn_max: { bounds: 'keys looked at in one turn of the event loop', then: 'others get their turn' },
  journal_bytes_before_fold: { bounds: 'the store’s journal', then: 'folded into pages of the key index' },
  request_window_entries: {
    bounds: 'log entries for which the outcome of a request id is kept',
    then: '`request expired`: nothing was done',
  },
  outcome_bytes_max: {
    bounds: 'an outcome that is kept, so 400 MiB at the very most for all',
    then: 'its header is kept: a repeated request hears that it was applied',
  },
  lease_ttl_ms_max: { bounds: 'the TTL of a lease', then: '`etcdserver: too large lease TTL`' },
  leases_expired_per_tick_max: { bounds: 'leases that are revoked in one tick', then: 'the rest in the next' },
  leases_noted_per_tick_max: {
    bounds: 'leases whose remaining time is noted in one tick',
    then: 'the rest in the next',
  },
  contenders_max: {
    bounds: 'those who contend for locks and elections through the services',
    then: '`etcdserver: too many requests`',
  },
  observers_max: {
    bounds: 'those who wait for the next leader of an election through the service',
    then: '`etcdserver: too many requests`',
  },
  keepalive_leases_max: { bounds: 'leases in one keepalive', then: 'refused with an error that says so' },
  snapshot_chunk_bytes: { bounds: 'a piece of a snapshot; the receiver asks for one after the other', then: '' },
  snapshot_idle_ms: { bounds: 'how long a snapshot waits for its next question', then: 'it is dropped' },
  watch_sessions_max: {
    bounds: 'streams of watches at one member',
    then: 'ResourceExhausted: `quorate: 4096 streams of watches hang on this member already; ask another one`',
  },
  watchers_per_session_max: {
    bounds: 'watchers on one stream; our client has one for all its watches',
    then: 'canceled: `quorate: 10000 watchers hang on this stream already; open another one`',
  },
  watch_ranges_max: { bounds: 'ranges of one watcher', then: 'InvalidArgument' },
  watch_window_bytes_max: {
    bounds: 'bytes to a stream that its client has not acknowledged (one message is always sent)',
    then: 'its watchers lag: only the revision is kept from which each goes on',
  },
  watch_message_bytes: { bounds: 'keys and values in one message to a stream', then: 'the next message' },
  watch_fragment_bytes: { bounds: 'the same, of a revision for a watcher that takes fragments', then: 'a fragment' },
  watch_reads_max: { bounds: 'watchers that catch up from the store at the same time', then: 'the others wait' },
  watch_read_bytes: {
    bounds: 'keys and values that one of them reads at once, and one `watch.history`',
    then: 'the rest later',
  },
  watch_read_revisions: { bounds: 'the same in revisions', then: 'the rest later' },
  watch_previous_bytes_max: {
    bounds: 'events that wait for the pairs as they were before',
    then: 'their watchers catch up from the store',
  },
  watch_heartbeat_ms: { bounds: 'between two heartbeats to a stream', then: '' },
  watch_progress_ms: {
    bounds: 'how long a watcher that asked for it hears nothing before it is told how far it is',
    then: '',
    flag: '--watch-progress-notify-interval',
  },
  watch_progress_ms_min: { bounds: 'the least of it', then: 'the flag is refused' },
  event_feed_subject_bytes_max: {
    bounds: 'a key in the subject of its event',
    then: 'the first token that does not fit, and all after it, are one token: `%long`',
  },
  event_feed_levels_max: {
    bounds: 'prefixes above one key that have a running number',
    then: 'prefixes of more tokens have none',
  },
  event_feed_prefixes_max: {
    bounds: 'prefixes whose running numbers are remembered (half of them at least, those that had an event last)',
    then: 'one that was forgotten goes on above all that were, which its followers see as a gap',
  },
  event_feed_unsent_bytes_max: {
    bounds: 'what waits for the NATS server, answers among it, while the event feed adds to it',
    then: 'events are left out, which shows as a gap',
  },
  inspections_max: { bounds: 'inspections of one member at a time', then: '`etcdserver: too many requests`' },
  inspection_for_ms_max: { bounds: 'how long one inspection may be asked for', then: 'InvalidArgument' },
  inspection_frame_ms: { bounds: 'how often an inspection is told what happened', then: '' },
  inspection_frame_bytes: { bounds: 'one message of an inspection', then: 'the rest goes with the next' },
  inspection_per_second: {
    bounds: 'letters, snapshots and steps that an inspection is told one by one, where it asks for no other number',
    then: 'they are counted, and the count is told',
  },
  inspection_per_second_max: { bounds: 'the number it may ask for', then: 'InvalidArgument' },
  inspection_unsent_bytes_max: {
    bounds: 'what waits for the NATS server while an inspection may add to it',
    then: 'the message is left out: its number is missing',
  },
  drill_ms_max: { bounds: 'how long a drill may be ordered for', then: 'InvalidArgument' },
  event_feed_beat_ms: { bounds: 'between two beats of the event feed', then: '' },
  drain_max_ms: { bounds: 'leaving in good order', then: 'the node closes all the same' },
  members_max: { bounds: 'members', then: 'refused at start', flag: '--initial-members' },
  name_length_max: { bounds: 'characters of a name', then: 'refused at start', flag: '--name, --cluster-name' },
};

const clientRows: Record<keyof typeof bounds, Row> = {
  held_bytes_max: {
    bounds: 'calls without an outcome',
    then: 'ResourceExhausted: `quorate: client: … await some before making more`',
  },
  flying_bytes_max: { bounds: 'calls that were sent and not answered', then: 'the next ones wait' },
  flying_max: { bounds: 'the same, counted', then: 'the next ones wait' },
  headers_bytes: { bounds: 'room kept in a message for its headers', then: '' },
};

export const nodeLimits = (): string => table(nodeRows, limits);
export const clientLimits = (): string => table(clientRows, bounds);

function table(rows: Readonly<Record<string, Row>>, values: Readonly<Record<string, number>>): string {
  const lines = Object.entries(values).map(([name, value]) => {
    const { bounds, then, flag } = rows[name] ?? { bounds: '', then: '' };
    const shownFlag = flag === undefined ? '' : `\`${flag}\``;
    return `| \`${name}\` | ${inUnits(name, value)} | ${bounds} | ${then} | ${shownFlag} |`;
  });
  return ['| bound | is | on | then | flag |', '|---|---:|---|---|---|', ...lines].join('\n');
}

function inUnits(name: string, value: number): string {
  if (/_ms(_|$)/.test(name)) return `${value.toLocaleString('en')} ms`;
  if (!/(^|_)bytes(_|$)/.test(name)) return value.toLocaleString('en');
  if (value >= 1024 ** 3 && value % 1024 ** 3 === 0) return `${value / 1024 ** 3} GiB`;
  return value % 1024 ** 2 === 0 ? `${value / 1024 ** 2} MiB` : `${value / 1024} KiB`;
}
