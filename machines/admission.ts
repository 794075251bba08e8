/** Which way a request goes: proposed to raft, read after a quorum round, answered from what is here, or refused. */
import type { PutRequest, TxnOperation, TxnRequest } from './language/commands.js';
import type { CoordinationRequest } from './language/coordination.js';
import { errorOf, type QuorateError } from './language/errors.js';
import { limits } from './language/limits.js';
import { isReadOnly, isSerializable } from './language/validation.js';
import type { MemberId, Role, Term } from './language/vocabulary.js';

/** What admission knows of its member when a request arrives. */
export interface Premises {
  readonly role: Role;
  readonly leader: MemberId | null;
  /** The term this member serves as leader, or null. */
  readonly serving: Term | null;
  readonly draining: boolean;
  readonly requests_waiting: number;
  readonly entries_undecided: number;
  readonly bytes_undecided: number;
  readonly db_size: number;
  readonly quota_bytes: number;
}

/** `lead`: after a quorum round as `readIndex`, by the leader alone, who counts the leases' time. */
type Way = 'propose' | 'readIndex' | 'lead' | 'coordinate' | 'local';

/** The part of a request that decides its way. */
export type Question =
  | { readonly op: 'kv.put'; readonly body: PutRequest }
  | { readonly op: 'kv.txn'; readonly body: TxnRequest }
  | { readonly op: 'kv.delete' | 'kv.compact' }
  | { readonly op: CoordinationRequest['op'] }
  | { readonly op: `lease.${'grant' | 'revoke' | 'keepalive' | 'timetolive' | 'list'}` }
  | { readonly op: 'kv.range'; readonly body: { readonly serializable: boolean } }
  | { readonly op: 'cluster.list'; readonly body: { readonly linearizable: boolean } }
  | { readonly op: 'maintenance.status' | 'maintenance.hashkv' | 'watch.history' };

export function wayOf(question: Question): Way {
  switch (question.op) {
    case 'kv.range':
      return question.body.serializable ? 'local' : 'readIndex';
    case 'cluster.list':
      return question.body.linearizable ? 'readIndex' : 'local';
    case 'kv.txn':
      if (!isReadOnly(question.body)) return 'propose';
      return isSerializable(question.body) ? 'local' : 'readIndex';
    case 'watch.history':
      return 'readIndex';
    case 'maintenance.status':
    case 'maintenance.hashkv':
      return 'local';
    case 'lease.keepalive':
    case 'lease.timetolive':
      return 'lead';
    case 'lock.lock':
    case 'lock.unlock':
    case 'election.campaign':
    case 'election.proclaim':
    case 'election.leader':
    case 'election.observe':
    case 'election.resign':
      return 'coordinate';
    case 'lease.list':
      return 'readIndex';
    case 'kv.put':
    case 'kv.delete':
    case 'kv.compact':
    case 'lease.grant':
    case 'lease.revoke':
      return 'propose';
  }
}

/**
 * Null when the request may go `way`, else what to answer. `door` is the term whose leader's door it came through,
 * null at a member's own. Nothing that reads the replicated state stands here: a repeated request must reach its kept
 * outcome.
 */
export function refusal(premises: Premises, op: Question['op'], way: Way, door: Term | null): QuorateError | null {
  if (premises.requests_waiting >= limits.requests_waiting_max) return errorOf('RequestTooManyRequests');
  if (way === 'local') return premises.role === 'learner' && op === 'kv.txn' ? notForLearner() : null;
  if (premises.role === 'learner') return notForLearner();
  if (way === 'readIndex') return premises.leader === null ? errorOf('NoLeader') : null;
  if (premises.leader === null && premises.serving === null) return errorOf('NoLeader');
  // [safety] A request belongs to the term whose door brought it; a hint only, nothing was appended.
  if (premises.serving === null || premises.draining) return errorOf('NotLeader');
  if (door !== null && door !== premises.serving) return errorOf('NotLeader');
  if (way === 'lead' || way === 'coordinate') return null;
  const behind = premises.entries_undecided > limits.apply_lag_entries_max;
  if (behind || premises.bytes_undecided > limits.undecided_bytes_max) return errorOf('RequestTooManyRequests');
  return null;
}

const notForLearner = (): QuorateError => errorOf('NotSupportedForLearner');

/** Reference B-75: what a write is counted for against the quota; 0 for one that adds nothing. */
function costOf(question: Question): number {
  switch (question.op) {
    case 'kv.put':
      return putCost(question.body);
    case 'kv.txn':
      return txnCost(question.body);
    case 'lease.grant':
      return LEASE_COST;
    default:
      return 0;
  }
}

/**
 * B-76: a put that would not fit. The leader settles it and, where the request has an id, writes it into the command.
 */
export const overQuota = (premises: Premises, question: Question): boolean => {
  if (premises.quota_bytes <= 0) return false;
  const cost = costOf(question);
  return cost > 0 && premises.db_size + cost > premises.quota_bytes;
};

const LEASE_COST = 64;

const putCost = (put: PutRequest): number => 256 + put.key.length + put.value.length;

const txnCost = (txn: TxnRequest): number => Math.max(operationsCost(txn.success), operationsCost(txn.failure));

const operationsCost = (operations: readonly TxnOperation[]): number =>
  operations.reduce((sum, operation) => {
    if ('put' in operation) return sum + putCost(operation.put);
    return 'txn' in operation ? sum + txnCost(operation.txn) : sum;
  }, 0);
