/**
 * The state machine: a draft of the state and a command → changes in the draft, and what it came to. Pure but for the
 * draft.
 * [safety] Reads nothing but the command and the replicated state: no flag, no limit of this build, no clock, no
 * chance.
 */
import type {
  Decision,
  DeleteRequest,
  DeleteResult,
  KeyValue,
  Operation,
  OperationResult,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  TxnOperation,
  TxnRequest,
  TxnResult,
} from '../machines/language/commands.js';
import type { ErrorName } from '../machines/language/errors.js';
import { EMPTY } from '../machines/language/bytes.js';
import { unreachable } from '../machines/language/invariant.js';
import type { Revision } from '../machines/language/vocabulary.js';
import { holds } from './compare.js';
import { decideCheckpoint, decideGrant, decideRevoke, errorInLease, makeOwnLease } from './decide-leases.js';
import { type Draft, findInDraft, refuse } from './draft.js';
import { keyRange } from './key-index.js';
import { fromLatin1, toLatin1 } from './keys.js';
import { finishRange, rowsToRead } from './range.js';
import { tombstoneOf } from './revision.js';

/** The draft's changes are the operation's, to be committed; after an error there are none. */
export function decideOperation(draft: Draft, operation: Operation): Decision {
  switch (operation.type) {
    case 'put': {
      const error = checkPut(draft, operation.put);
      return error === null ? { type: 'put', put: executePut(draft, operation.put) } : refuse(draft, error);
    }
    case 'delete':
      return { type: 'delete', delete: executeDelete(draft, operation.delete) };
    case 'txn':
      return decideTxn(draft, operation.txn);
    case 'compact':
      return decideCompact(draft, operation.revision);
    case 'lease.grant':
      return decideGrant(draft, operation.grant);
    case 'lease.revoke':
      return decideRevoke(draft, operation.id, operation.expired);
    case 'lease.checkpoint':
      return decideCheckpoint(draft, operation.leases);
    default:
      return unreachable(operation);
  }
}

/** Compaction is logical here (B-23): from now on nothing before `revision` is read. */
function decideCompact(draft: Draft, revision: number): Decision {
  if (revision <= draft.compact_revision) return refuse(draft, 'Compacted');
  if (revision > draft.revision) return refuse(draft, 'FutureRev');
  draft.compact_revision = revision;
  return { type: 'compact', compact: { revision: draft.revision as Revision } };
}

/* ---- one operation -------------------------------------------------------------------------------------------- */

function checkPut(draft: Draft, put: PutRequest): ErrorName | null {
  const error = errorInLease(draft, put);
  if (error !== null) return error;
  const keepsOld = put.ignore_value || put.ignore_lease;
  return keepsOld && draft.lifeOf(toLatin1(put.key)) === undefined ? 'KeyNotFound' : null;
}

function executePut(draft: Draft, put: PutRequest): PutResult {
  const key = toLatin1(put.key);
  const life = draft.lifeOf(key);
  const wantsOld = put.prev_kv || put.ignore_value || put.ignore_lease;
  const old = wantsOld && life !== undefined ? draft.recordOf(key, life.place) : null;
  const main = draft.revision + 1;
  const lease = makeOwnLease(draft, put);
  // Nothing is old only where the same transaction deleted it before (a gap of B-12): what is kept is empty then.
  const kv: KeyValue = {
    key: put.key,
    create_revision: life?.create ?? main,
    mod_revision: main,
    version: (life?.version ?? 0) + 1,
    value: put.ignore_value ? (old?.value ?? EMPTY) : put.value,
    lease: put.ignore_lease ? (old?.lease ?? 0n) : put.lease,
  };
  draft.add({ key, main, sub: draft.changes.length, tombstone: false, kv });
  return { revision: main as Revision, prev_kv: put.prev_kv ? old : null, lease };
}

function executeDelete(draft: Draft, request: DeleteRequest): DeleteResult {
  const range = keyRange(request.key, request.range_end);
  const { located } = draft.locate(range, draft.visibleRevision(), Infinity);
  const prev_kvs = request.prev_kv ? located.map(({ key, place }) => draft.recordOf(key, place)) : [];
  const main = draft.revision + 1;
  for (const { key } of located) {
    const bytes = range.single ? request.key : fromLatin1(key);
    draft.add({ key, main, sub: draft.changes.length, tombstone: true, kv: tombstoneOf(bytes, main) });
  }
  return { revision: draft.visibleRevision() as Revision, deleted: located.length, prev_kvs };
}

function executeRange(draft: Draft, request: RangeRequest): RangeResult {
  const visible = draft.visibleRevision();
  const { count, located } = findInDraft(draft, request, request.revision > 0 ? request.revision : visible);
  const rows = rowsToRead(request, located).map(({ key, place }) => draft.recordOf(key, place));
  return finishRange(request, visible as Revision, count, rows);
}

/* ---- transactions --------------------------------------------------------------------------------------------- */

/** The branches taken, all settled before anything is executed (B-11). */
interface Path {
  readonly succeeded: boolean;
  readonly steps: readonly (Exclude<TxnOperation, { txn: TxnRequest }> | { readonly path: Path })[];
}

function decideTxn(draft: Draft, txn: TxnRequest): Decision {
  const path = choosePath(draft, txn);
  const error = checkPath(draft, path);
  if (error !== null) return refuse(draft, error);
  return { type: 'txn', txn: executePath(draft, path) };
}

function choosePath(draft: Draft, txn: TxnRequest): Path {
  const succeeded = txn.compare.every((compare) => holds(draft, compare));
  const operations = succeeded ? txn.success : txn.failure;
  const steps = operations.map((step) => ('txn' in step ? { path: choosePath(draft, step.txn) } : step));
  return { succeeded, steps };
}

/** Whatever can fail fails here, on the state before the transaction, and the whole of it has no effect (B-14). */
function checkPath(draft: Draft, path: Path): ErrorName | null {
  for (const step of path.steps) {
    const error = checkStep(draft, step);
    if (error !== null) return error;
  }
  return null;
}

function checkStep(draft: Draft, step: Path['steps'][number]): ErrorName | null {
  if ('path' in step) return checkPath(draft, step.path);
  if ('put' in step) return checkPut(draft, step.put);
  if ('delete' in step) return null;
  const { revision } = step.range;
  // Negative is the current revision, here as outside of transactions (reference 1.1, wart).
  if (revision <= 0) return null;
  if (revision > draft.revision) return 'FutureRev';
  return revision < draft.compact_revision ? 'Compacted' : null;
}

/** In the order of the list, depth first (B-16); later operations see what earlier ones did (B-06). */
function executePath(draft: Draft, path: Path): TxnResult {
  const responses = path.steps.map((step): OperationResult => {
    if ('path' in step) return { txn: executePath(draft, step.path) };
    if ('put' in step) return { put: executePut(draft, step.put) };
    if ('delete' in step) return { delete: executeDelete(draft, step.delete) };
    return { range: executeRange(draft, step.range) };
  });
  return { revision: draft.visibleRevision() as Revision, succeeded: path.succeeded, responses };
}
