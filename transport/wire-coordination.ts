/** Locks and elections on the wire (reference 1.7). */
import {
  type CoordinationRequest,
  type CoordinationResult,
  isCoordination as isCoordinationRequest,
  type LeaderKey,
} from '../machines/language/coordination.js';
import { errorOf, QuorateError } from '../machines/language/errors.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { revision as asRevision } from '../machines/language/vocabulary.js';
import type { Operation, Result } from './ports.js';
import { readKeyValue, writeKeyValue } from './wire-key-value.js';
import { readTtl } from './wire-leases.js';
import { isMap, readBytes, readFields, readId, readInteger, readMap } from './wire-values.js';

type Name = CoordinationRequest['op'];

export const isCoordination = (op: Operation): op is Name => isCoordinationRequest({ op });
export const isCoordinationResult = (result: Result): result is CoordinationResult => isCoordination(result.op);

export const coordinationFields = {
  'lock.lock': new Set(['name', 'lease', 'ttl', 'ttl_ms']),
  'lock.unlock': new Set(['key']),
  'election.campaign': new Set(['name', 'lease', 'value', 'ttl', 'ttl_ms']),
  'election.proclaim': new Set(['leader', 'value']),
  'election.leader': new Set(['name']),
  'election.observe': new Set(['name', 'after_revision']),
  'election.resign': new Set(['leader']),
} as const satisfies Record<Name, ReadonlySet<string>>;

const LEADER_FIELDS = new Set(['name', 'key', 'rev', 'lease']);

export function readCoordinationRequest(op: Name, value: Value | undefined): CoordinationRequest {
  const what = op.slice(op.indexOf('.') + 1);
  const body = readFields(what, value, coordinationFields[op]);
  switch (op) {
    case 'lock.lock':
      return { op, body: readContender(what, body) };
    case 'election.campaign':
      return { op, body: { ...readContender(what, body), value: readBytes(what, body, 'value') } };
    case 'lock.unlock':
      return { op, body: { key: given(readBytes(what, body, 'key')) } };
    case 'election.leader':
      return { op, body: { name: given(readBytes(what, body, 'name')) } };
    case 'election.observe': {
      const name = given(readBytes(what, body, 'name'));
      return { op, body: { name, after_revision: readInteger(what, body, 'after_revision') } };
    }
    case 'election.proclaim':
      return { op, body: { leader: readLeader(body['leader']), value: readBytes(what, body, 'value') } };
    case 'election.resign':
      return { op, body: { leader: readLeader(body['leader']) } };
  }
}

const readContender = (what: string, body: Fields) => ({
  name: given(readBytes(what, body, 'name')),
  lease: readId(what, body, 'lease', 'signed'),
  ttl_ms: readTtl(what, body),
});

function given(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw errorOf('EmptyKey');
  return bytes;
}

function readLeader(value: Value | undefined): LeaderKey {
  if (!isMap(value)) throw new QuorateError('InvalidArgument', '"leader" field must be provided');
  const leader = readFields('leader', value, LEADER_FIELDS);
  return {
    name: readBytes('leader', leader, 'name'),
    key: given(readBytes('leader', leader, 'key')),
    rev: readInteger('leader', leader, 'rev'),
    lease: readId('leader', leader, 'lease', 'signed'),
  };
}

export function writeCoordinationRequest(request: CoordinationRequest): Fields {
  switch (request.op) {
    case 'lock.lock':
    case 'lock.unlock':
    case 'election.campaign':
    case 'election.leader':
    case 'election.observe':
      return { ...request.body };
    case 'election.proclaim':
      return { leader: { ...request.body.leader }, value: request.body.value };
    case 'election.resign':
      return { leader: { ...request.body.leader } };
  }
}

export function writeCoordinationResult(result: CoordinationResult): Fields {
  switch (result.op) {
    case 'lock.lock': {
      const { key, rev, lease } = result.body;
      return { key, rev, lease };
    }
    case 'election.campaign':
      return { leader: { ...result.body.leader } };
    case 'election.leader':
    case 'election.observe':
      return { kv: writeKeyValue(result.body.kv) };
    case 'lock.unlock':
    case 'election.proclaim':
    case 'election.resign':
      return {};
  }
}

export function readCoordinationResult(op: Name, body: Fields, at: number): CoordinationResult {
  const revision = asRevision(at);
  switch (op) {
    case 'lock.lock': {
      const [key, rev] = [readBytes(op, body, 'key'), readInteger(op, body, 'rev')];
      return { op, body: { revision, key, rev, lease: readId(op, body, 'lease', 'signed') } };
    }
    case 'election.campaign':
      return { op, body: { revision, leader: readLeader(readMap(op, body['leader'])) } };
    case 'election.leader':
    case 'election.observe':
      return { op, body: { revision, kv: readKeyValue(body['kv']) } };
    case 'lock.unlock':
    case 'election.proclaim':
    case 'election.resign':
      return { op, body: { revision } };
  }
}
