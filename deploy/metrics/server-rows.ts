/** What a node says of itself as a member: its role, its requests, its health. */
import { hex16 } from '../../machines/language/bytes.js';
import type { Role } from '../../machines/language/vocabulary.js';
import { minorVersion } from '../version.js';
import { counter, counters, fact, gauge, gauges, histograms, type Row } from './rows.js';

const ROLES: readonly Role[] = ['follower', 'learner', 'preCandidate', 'candidate', 'leader', 'removed'];

export const serverRows: readonly Row[] = [
  gauge('etcd_server_has_leader', 'Whether a leader is heard: 1 yes, 0 no.', ({ facts }) =>
    facts !== null && facts.status.leader !== 0n ? 1 : 0,
  ),
  gauge('etcd_server_is_leader', 'Whether this member leads.', ({ facts }) =>
    facts?.status.role === 'leader' ? 1 : 0,
  ),
  gauge('etcd_server_is_learner', 'Whether this member is a learner.', ({ facts }) =>
    facts?.status.is_learner === true ? 1 : 0,
  ),
  counter(
    'etcd_server_leader_changes_seen_total',
    'Times that a leader was heard which was not heard just before.',
    ({ counts }) => counts.leader_changes,
  ),
  gauge(
    'etcd_server_proposals_committed_total',
    'The index up to which the log is committed.',
    fact(({ commit }) => commit),
  ),
  gauge(
    'etcd_server_proposals_applied_total',
    'The index up to which the state is written.',
    fact(({ status }) => status.raft_applied_index),
  ),
  gauge(
    'etcd_server_proposals_pending',
    'Writes that were taken and are not decided.',
    fact(({ proposals_pending }) => proposals_pending),
  ),
  counter(
    'etcd_server_proposals_failed_total',
    'Writes that were refused by raft, lost, or too late.',
    ({ counts }) => counts.proposals_failed,
  ),
  counter(
    'etcd_server_slow_apply_total',
    'Batches that took more than 100 ms to decide.',
    ({ counts }) => counts.slow_applies,
  ),
  counter(
    'etcd_server_read_indexes_failed_total',
    'Quorum rounds for reads that failed.',
    ({ counts }) => counts.read_indexes_failed,
  ),
  counter(
    'etcd_server_heartbeat_send_failures_total',
    'Heartbeats that could not leave, since NATS was not connected.',
    ({ peers }) => peers.heartbeats_unsent,
  ),
  gauge(
    'etcd_server_quota_backend_bytes',
    'The size of the state from which puts are refused; 0: none.',
    ({ settings }) => Math.max(0, settings.quota_bytes),
  ),
  gauges('etcd_server_id', 'The id of this member, as a label.', ['server_id'], ({ facts }) =>
    facts === null ? [] : [[{ server_id: hex16(facts.member) }, 1]],
  ),
  gauges('etcd_server_version', 'The version of this software, as a label.', ['server_version'], ({ settings }) => [
    [{ server_version: settings.version }, 1],
  ]),
  gauges(
    'etcd_cluster_version',
    'The version of the cluster, as a label.',
    ['cluster_version'],
    ({ settings, facts }) => (facts === null ? [] : [[{ cluster_version: minorVersion(settings.version) }, 1]]),
  ),
  counters(
    'etcd_server_client_requests_total',
    'Requests that were answered (unary), and streams of watches that were opened (stream).',
    ['type', 'client_api_version'],
    ({ door }) => {
      let unary = 0;
      for (const { ok, failed } of door.served.values()) {
        for (const each of [...ok.counts, ...failed.counts]) unary += each;
      }
      return [
        [{ type: 'unary', client_api_version: 'unknown' }, unary],
        [{ type: 'stream', client_api_version: 'unknown' }, door.streams_opened],
      ];
    },
  ),
  histograms(
    'etcd_server_request_duration_seconds',
    'How long requests took from their arrival to their answer.',
    ['type', 'success'],
    function* ({ door }) {
      for (const [type, { ok, failed }] of door.served) {
        yield [{ type, success: 'true' }, ok];
        yield [{ type, success: 'false' }, failed];
      }
    },
  ),
  counter('etcd_server_health_success', 'Times that /health found it well.', ({ health }) => health.success),
  counter('etcd_server_health_failures', 'Times that /health did not.', ({ health }) => health.failures),
  gauges(
    'etcd_server_healthcheck',
    'What a check of /livez or /readyz came to last: 1 well, 0 not.',
    ['type', 'name'],
    ({ health }) => health.checks.map(({ type, name, last }) => [{ type, name }, last]),
  ),
  counters(
    'etcd_server_healthchecks_total',
    'What the checks of /livez and /readyz came to.',
    ['type', 'name', 'status'],
    ({ health }) =>
      health.checks.flatMap(({ type, name, success, error }) => [
        [{ type, name, status: 'success' }, success] as const,
        [{ type, name, status: 'error' }, error] as const,
      ]),
  ),
  gauge(
    'quorate_raft_term',
    'The term that this member is in.',
    fact(({ status }) => status.raft_term),
  ),
  gauges('quorate_role', 'The role of this member: 1 for the one it has, 0 for the others.', ['role'], ({ facts }) =>
    ROLES.map((role) => [{ role }, facts?.status.role === role ? 1 : 0]),
  ),
  gauge('quorate_draining', 'Whether it takes no new requests and answers those it has.', ({ facts }) =>
    facts?.draining === true ? 1 : 0,
  ),
];
