/** From what was decided or read to what a client is answered. */
import { type Header, type MemberListResult, type Operation } from '../machines/language/commands.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import { invariant } from '../machines/language/invariant.js';
import type { StatusResult, VitalSigns } from '../machines/language/status.js';
import type { ClusterId, Index, Member, MemberId, RefusalReason, Term } from '../machines/language/vocabulary.js';
import type { Decided } from '../store/ports.js';
import type { Answer, Request } from '../transport/ports.js';
import type { NodePorts, NodeSettings } from './ports.js';
import type { Standing } from './standing.js';

/** The version of the state's format, as `endpoint status` shows it. */
export const STORAGE_VERSION = '3.6.0';

export function headerOf(cluster: ClusterId, member: MemberId, revision: number, term: Term, index: Index): Header {
  return { cluster_id: cluster, member_id: member, revision, raft_term: term, raft_index: index };
}

/** What the log is to carry for a request that changes something. */
export function operationOf(request: Request): Operation {
  switch (request.op) {
    case 'kv.put':
      return { type: 'put', put: request.body };
    case 'kv.delete':
      return { type: 'delete', delete: request.body };
    case 'kv.txn':
      return { type: 'txn', txn: request.body };
    case 'kv.compact':
      return { type: 'compact', revision: request.body.revision };
    case 'lease.grant':
      return { type: 'lease.grant', grant: request.body };
    case 'lease.revoke':
      return { type: 'lease.revoke', id: request.body.id, expired: false };
    default:
      throw new QuorateError('Internal', `quorate: ${request.op} changes nothing and is not proposed`);
  }
}

export function toAnswer(cluster: ClusterId, member: MemberId, entry: Decided): Answer {
  const { decision } = entry;
  invariant(decision !== null, 'a command is decided, not passed over', { index: entry.index });
  if (decision.type === 'error') return { ok: false, error: errorOf(decision.error) };
  const header = (revision: number): Header => headerOf(cluster, member, revision, entry.term, entry.index);
  switch (decision.type) {
    case 'put':
      return { ok: true, header: header(decision.put.revision), result: { op: 'kv.put', body: decision.put } };
    case 'delete':
      return { ok: true, header: header(decision.delete.revision), result: { op: 'kv.delete', body: decision.delete } };
    case 'txn':
      return { ok: true, header: header(decision.txn.revision), result: { op: 'kv.txn', body: decision.txn } };
    case 'compact':
      return {
        ok: true,
        header: header(decision.compact.revision),
        result: { op: 'kv.compact', body: decision.compact },
      };
    case 'lease.grant':
      return {
        ok: true,
        header: header(decision.grant.revision),
        result: { op: 'lease.grant', body: decision.grant },
      };
    case 'lease.revoke':
      return {
        ok: true,
        header: header(decision.revoke.revision),
        result: { op: 'lease.revoke', body: decision.revoke },
      };
    case 'lease.checkpoint':
      throw new QuorateError('Internal', 'quorate: a checkpoint of leases is asked for by no client');
    case 'truncated':
      return { ok: true, header: header(decision.revision), truncated: true };
  }
}

/** Why raft did not append: the attempt had no effect, and another member, or a later moment, may take it. */
export function requestError(reason: RefusalReason): QuorateError {
  switch (reason) {
    case 'notLeader':
    case 'staleTerm':
    case 'handingOver':
      return errorOf('NotLeader');
    case 'tooManyUncommitted':
      return errorOf('RequestTooManyRequests');
    case 'changeInProgress':
      return errorOf('Unhealthy');
  }
}

export function memberList(cluster_name: string, standing: Standing): MemberListResult {
  const configuration = standing.announcement?.configuration;
  const row = (member: Member, is_learner: boolean): MemberListResult['members'][number] => ({
    ...member,
    peer_urls: [`nats:_quorate.${cluster_name}.peer.${member.id.toString(16).padStart(16, '0')}`],
    client_urls: [],
    is_learner,
  });
  return {
    members: [
      ...(configuration?.voters ?? []).map((member) => row(member, false)),
      ...(configuration?.learners ?? []).map((member) => row(member, true)),
    ],
  };
}

export function statusOf(of: {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly standing: Standing;
  readonly applied: Index;
}): StatusResult {
  const { kv, log } = of.ports;
  const leader = of.standing.announcement?.leader ?? null;
  const vitals = of.ports.vitals.read();
  return {
    name: of.settings.name,
    version: of.settings.version,
    storage_version: STORAGE_VERSION,
    db_size: kv.status.db_size,
    db_size_in_use: kv.status.db_size_in_use,
    db_size_quota: of.settings.quota_bytes,
    leader: leader ?? 0n,
    raft_index: Math.max(log.last, of.applied),
    raft_term: of.standing.term,
    raft_applied_index: of.applied,
    is_learner: of.standing.role === 'learner',
    errors: [...(leader === null ? ['etcdserver: no leader'] : []), ...stalledWrites(vitals, of.settings)],
    role: of.standing.role,
    revision: kv.status.revision,
    vitals,
  };
}

/** A write that takes an election timeout: the disk stands still, though the node still speaks. */
function stalledWrites(vitals: VitalSigns, { election_ticks, tick_ms }: NodeSettings): readonly string[] {
  const writes = { log: vitals.log_sync_under_way_ms, store: vitals.store_write_under_way_ms };
  return Object.entries(writes)
    .filter(([, under_way_ms]) => under_way_ms >= election_ticks * tick_ms)
    .map(
      ([what, under_way_ms]) => `quorate: a write to the ${what} has been under way for ${Math.round(under_way_ms)} ms`,
    );
}
