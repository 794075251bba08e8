/** Answers as maps in etcd's field names: what each operation came to, its header, and errors. */
import type {
  DeleteResult,
  Header,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../machines/language/commands.js';
import { badRequest, type ErrorCode, httpStatus, QuorateError } from '../machines/language/errors.js';
import { memberId, revision as asRevision } from '../machines/language/vocabulary.js';
import type { Answer, Operation, Result } from './ports.js';
import { difference, readHeader, writeHeader } from './wire-header.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { readHistory, writeEvent } from './wire-watch.js';
import {
  isCoordination,
  isCoordinationResult,
  readCoordinationResult,
  writeCoordinationResult,
} from './wire-coordination.js';
import { readKeyValue, writeKeyValue } from './wire-key-value.js';
import { isLease, isLeaseResult, readLeaseResult, writeLeaseResult } from './wire-leases.js';
import { readStatus, writeStatus } from './wire-status.js';
import { isMap, readFlag, readId, readInteger, readList, readMap, readText, readTexts } from './wire-values.js';

/* ---- writing --------------------------------------------------------------------------------------------------- */

/** `shared`: the header that the message gives once; of the answer's own, only what differs is written. */
export function writeAnswer(answer: Answer, shared: Header | null = null): Fields {
  if (!answer.ok) return { error: writeError(answer.error) };
  const { header } = answer;
  const result: Fields = 'truncated' in answer ? { truncated: true } : writeResult(answer.result);
  if (header === shared) return result;
  return { header: shared === null ? writeHeader(header) : difference(header, shared), ...result };
}

const writeError = (error: QuorateError): Fields => ({
  code: error.code,
  message: error.message,
  maybe_applied: error.maybe_applied,
});

function writeResult(result: Result): Fields {
  if (isLeaseResult(result)) return writeLeaseResult(result);
  if (isCoordinationResult(result)) return writeCoordinationResult(result);
  switch (result.op) {
    case 'kv.range':
      return writeRange(result.body);
    case 'kv.put':
      return writePut(result.body);
    case 'kv.delete':
      return writeDelete(result.body);
    case 'kv.txn':
      return writeTxn(result.body);
    case 'kv.compact':
      return {};
    case 'cluster.list':
      return { members: result.body.members.map((member) => ({ ...member })) };
    case 'maintenance.status':
      return writeStatus(result.body);
    case 'maintenance.hashkv': {
      const { hash, compact_revision, hash_revision } = result.body;
      return { hash, compact_revision, hash_revision };
    }
    case 'watch.history': {
      const { events, more, next_revision } = result.body;
      return { events: events.map(writeEvent), more, next_revision };
    }
  }
}

const writeRange = (range: RangeResult): Fields => ({
  kvs: range.kvs.map(writeKeyValue),
  more: range.more,
  count: range.count,
});

const writePut = ({ prev_kv, lease }: PutResult): Fields => {
  const fields = { prev_kv: prev_kv === null ? null : writeKeyValue(prev_kv) };
  return lease === 0n ? fields : { ...fields, lease };
};

const writeDelete = (result: DeleteResult): Fields => ({
  deleted: result.deleted,
  prev_kvs: result.prev_kvs.map(writeKeyValue),
});

const writeTxn = (txn: TxnResult): Fields => ({
  succeeded: txn.succeeded,
  responses: txn.responses.map(writeOperation),
});

function writeOperation(result: OperationResult): Fields {
  if ('put' in result) return { put: { header: { revision: result.put.revision }, ...writePut(result.put) } };
  if ('range' in result) return { range: { header: { revision: result.range.revision }, ...writeRange(result.range) } };
  if ('delete' in result) {
    return { delete: { header: { revision: result.delete.revision }, ...writeDelete(result.delete) } };
  }
  return { txn: { header: { revision: result.txn.revision }, ...writeTxn(result.txn) } };
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/**
 * Fields that this client does not know are ignored here: a newer node may answer more than an older client asks for.
 */
export function readAnswer(op: Operation, value: Value | undefined, shared: Header | null = null): Answer {
  const body = readMap('answer', value);
  if (isMap(body['error'])) return { ok: false, error: readError(body['error']) };
  const header = readHeader(body['header'], shared);
  if (body['truncated'] === true) return { ok: true, header, truncated: true };
  return { ok: true, header, result: readResult(op, body, header.revision) };
}

/** An answer's error; a code that this client does not know is `Unknown`. */
export function readError(fields: Fields): QuorateError {
  const code = readText('error', fields, 'code');
  const known = Object.hasOwn(httpStatus, code) ? (code as ErrorCode) : 'Unknown';
  return new QuorateError(known, readText('error', fields, 'message'), readFlag('error', fields, 'maybe_applied'));
}

function readResult(op: Operation, body: Fields, revision: number): Result {
  if (isLease(op)) return readLeaseResult(op, body, revision);
  if (isCoordination(op)) return readCoordinationResult(op, body, revision);
  switch (op) {
    case 'kv.range':
      return { op, body: readRange(body, revision) };
    case 'kv.put':
      return { op, body: readPut(body, revision) };
    case 'kv.delete':
      return { op, body: readDelete(body, revision) };
    case 'kv.txn':
      return { op, body: readTxn(body, revision) };
    case 'kv.compact':
      return { op, body: { revision: asRevision(revision) } };
    case 'cluster.list':
      return { op, body: { members: readList(op, body, 'members').map(readMember) } };
    case 'maintenance.status':
      return { op, body: readStatus(body) };
    case 'maintenance.hashkv':
      return { op, body: readHash(body, revision) };
    case 'watch.history':
      return { op, body: readHistory(body, revision) };
  }
}

const readRange = (body: Fields, revision: number): RangeResult => ({
  revision: asRevision(revision),
  kvs: readList('range', body, 'kvs').map(readKeyValue),
  more: readFlag('range', body, 'more'),
  count: readInteger('range', body, 'count'),
});

const readPut = (body: Fields, revision: number): PutResult => ({
  revision: asRevision(revision),
  prev_kv: body['prev_kv'] === undefined || body['prev_kv'] === null ? null : readKeyValue(body['prev_kv']),
  lease: readId('put', body, 'lease', 'signed'),
});

const readDelete = (body: Fields, revision: number): DeleteResult => ({
  revision: asRevision(revision),
  deleted: readInteger('delete', body, 'deleted'),
  prev_kvs: readList('delete', body, 'prev_kvs').map(readKeyValue),
});

const readTxn = (body: Fields, revision: number): TxnResult => ({
  revision: asRevision(revision),
  succeeded: readFlag('txn', body, 'succeeded'),
  responses: readList('txn', body, 'responses').map(readOperation),
});

function readOperation(value: Value): OperationResult {
  const [[name, inner] = ['', undefined]] = Object.entries(readMap('txn', value));
  const body = readMap('txn', inner);
  const revision = readInteger('txn', readMap('txn', body['header']), 'revision');
  switch (name) {
    case 'range':
      return { range: readRange(body, revision) };
    case 'put':
      return { put: readPut(body, revision) };
    case 'delete':
      return { delete: readDelete(body, revision) };
    case 'txn':
      return { txn: readTxn(body, revision) };
    default:
      throw badRequest(`txn: the answer has an unknown operation ${JSON.stringify(name.slice(0, 40))}`);
  }
}

type ResultOf<Op extends Operation> = Extract<Result, { readonly op: Op }>['body'];

function readMember(value: Value): ResultOf<'cluster.list'>['members'][number] {
  const member = readMap('member', value);
  return {
    id: memberId(readId('member', member, 'id', 'unsigned')),
    name: readText('member', member, 'name'),
    peer_urls: readTexts('member', member, 'peer_urls'),
    client_urls: readTexts('member', member, 'client_urls'),
    is_learner: readFlag('member', member, 'is_learner'),
  };
}

const readHash = (body: Fields, revision: number): ResultOf<'maintenance.hashkv'> => ({
  revision: asRevision(revision),
  hash: readInteger('hashkv', body, 'hash'),
  compact_revision: readInteger('hashkv', body, 'compact_revision'),
  hash_revision: readInteger('hashkv', body, 'hash_revision'),
});
