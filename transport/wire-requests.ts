/** Requests read from maps of etcd's field names, with every default filled in; one reader per operation. */
import type {
  Compare,
  DeleteRequest,
  PutRequest,
  RangeRequest,
  TxnOperation,
  TxnRequest,
} from '../machines/language/commands.js';
import { badRequest, errorOf, QuorateError } from '../machines/language/errors.js';
import type { Operation, Request } from './ports.js';
import type { Fields, Value } from '../machines/language/unpack.js';
import { coordinationFields, isCoordination, readCoordinationRequest } from './wire-coordination.js';
import { isLease, leaseFields, readLeaseRequest, readTtl } from './wire-leases.js';
import {
  describe,
  isMap,
  readBytes,
  readFields,
  readFlag,
  readId,
  readInteger,
  readList,
  readWord,
} from './wire-values.js';
import { HISTORY_FIELDS, readHistoryQuery } from './wire-watch-requests.js';

const NESTED_MAX = 64;
export const SORT_ORDERS = ['none', 'ascend', 'descend'] as const;
export const SORT_TARGETS = ['key', 'version', 'create', 'mod', 'value'] as const;
const COMPARE_RESULTS = ['equal', 'greater', 'less', 'not_equal'] as const;
const COMPARE_TARGETS = ['version', 'create', 'mod', 'value', 'lease'] as const;
const TXN_OPERATIONS = 'range, put, delete, txn';

/** The fields of each request, in the order in which errors and service metadata list them. */
export const requestFields = {
  'kv.range': new Set([
    'key',
    'range_end',
    'limit',
    'revision',
    'sort_order',
    'sort_target',
    'serializable',
    'keys_only',
    'count_only',
    'min_mod_revision',
    'max_mod_revision',
    'min_create_revision',
    'max_create_revision',
  ]),
  'kv.put': new Set(['key', 'value', 'lease', 'prev_kv', 'ignore_value', 'ignore_lease', 'ttl', 'ttl_ms']),
  'kv.delete': new Set(['key', 'range_end', 'prev_kv']),
  'kv.txn': new Set(['compare', 'success', 'failure']),
  'kv.compact': new Set(['revision', 'physical']),
  ...leaseFields,
  ...coordinationFields,
  'cluster.list': new Set(['linearizable']),
  'maintenance.status': new Set<string>(),
  'maintenance.hashkv': new Set(['revision']),
  'watch.history': HISTORY_FIELDS,
} as const satisfies Record<Operation, ReadonlySet<string>>;

const COMPARE_FIELDS = new Set([
  'result',
  'target',
  'key',
  'range_end',
  'version',
  'create_revision',
  'mod_revision',
  'value',
  'lease',
]);

/** The request that `value` describes. Throws InvalidArgument only. */
export function readRequest(op: Operation, value: Value | undefined): Request {
  if (isLease(op)) return readLeaseRequest(op, value);
  if (isCoordination(op)) return readCoordinationRequest(op, value);
  switch (op) {
    case 'kv.range':
      return { op, body: readRange(value) };
    case 'kv.put':
      return { op, body: readPut(value) };
    case 'kv.delete':
      return { op, body: readDelete(value) };
    case 'kv.txn':
      return { op, body: readTxn(value, 0) };
    case 'kv.compact': {
      const body = readFields('compact', value, requestFields[op]);
      return {
        op,
        body: { revision: readInteger('compact', body, 'revision'), physical: readFlag('compact', body, 'physical') },
      };
    }
    case 'cluster.list': {
      const body = readFields('list', value, requestFields[op]);
      return { op, body: { linearizable: readFlag('list', body, 'linearizable') } };
    }
    case 'maintenance.status':
      readFields('status', value, requestFields[op]);
      return { op, body: {} };
    case 'maintenance.hashkv': {
      const body = readFields('hashkv', value, requestFields[op]);
      return { op, body: { revision: readInteger('hashkv', body, 'revision') } };
    }
    case 'watch.history':
      return { op, body: readHistoryQuery(value) };
  }
}

function readRange(value: Value | undefined): RangeRequest {
  const body = readFields('range', value, requestFields['kv.range']);
  return {
    key: readBytes('range', body, 'key'),
    range_end: readBytes('range', body, 'range_end'),
    limit: readInteger('range', body, 'limit'),
    revision: readInteger('range', body, 'revision'),
    sort_order: readSort(body, 'sort_order', SORT_ORDERS),
    sort_target: readSort(body, 'sort_target', SORT_TARGETS),
    serializable: readFlag('range', body, 'serializable'),
    keys_only: readFlag('range', body, 'keys_only'),
    count_only: readFlag('range', body, 'count_only'),
    min_mod_revision: readInteger('range', body, 'min_mod_revision'),
    max_mod_revision: readInteger('range', body, 'max_mod_revision'),
    min_create_revision: readInteger('range', body, 'min_create_revision'),
    max_create_revision: readInteger('range', body, 'max_create_revision'),
  };
}

/** etcd has a text of its own for a sort option that does not exist (reference 1.1). */
function readSort<Word extends string>(body: Fields, name: string, words: readonly Word[]): Word {
  const value = body[name] ?? words[0];
  const word = words.find((known) => known === value);
  if (word === undefined) throw errorOf('InvalidSortOption');
  return word;
}

function readPut(value: Value | undefined): PutRequest {
  const body = readFields('put', value, requestFields['kv.put']);
  return {
    key: readBytes('put', body, 'key'),
    value: readBytes('put', body, 'value'),
    lease: readId('put', body, 'lease', 'signed'),
    prev_kv: readFlag('put', body, 'prev_kv'),
    ignore_value: readFlag('put', body, 'ignore_value'),
    ignore_lease: readFlag('put', body, 'ignore_lease'),
    ttl_ms: readTtl('put', body),
  };
}

function readDelete(value: Value | undefined): DeleteRequest {
  const body = readFields('delete', value, requestFields['kv.delete']);
  return {
    key: readBytes('delete', body, 'key'),
    range_end: readBytes('delete', body, 'range_end'),
    prev_kv: readFlag('delete', body, 'prev_kv'),
  };
}

function readTxn(value: Value | undefined, nested: number): TxnRequest {
  if (nested > NESTED_MAX) throw badRequest(`txn: nested deeper than ${NESTED_MAX}`);
  const body = readFields('txn', value, requestFields['kv.txn']);
  return {
    compare: readEach('txn: compare', readList('txn', body, 'compare'), readCompare),
    success: readEach('txn: success', readList('txn', body, 'success'), (each) => readOperation(each, nested)),
    failure: readEach('txn: failure', readList('txn', body, 'failure'), (each) => readOperation(each, nested)),
  };
}

/** Errors say which item of the list is meant. */
function readEach<T>(what: string, list: readonly Value[], read: (value: Value) => T): readonly T[] {
  return list.map((value, i) => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof QuorateError) || !error.message.startsWith('quorate: ')) throw error;
      const text = error.message.replace(/^quorate: /, '');
      throw badRequest(text.length > 400 ? text : `${what}[${i}]: ${text}`);
    }
  });
}

function readOperation(value: Value, nested: number): TxnOperation {
  const names = isMap(value) ? Object.keys(value) : [];
  if (!isMap(value) || names.length !== 1) {
    throw badRequest(
      `${describe(value)} with ${names.length} fields given; it must be a map with one of ${TXN_OPERATIONS}`,
    );
  }
  const [name = ''] = names;
  const body = value[name];
  switch (name) {
    case 'range':
      return { range: readRange(body) };
    case 'put':
      return { put: readPut(body) };
    case 'delete':
      return { delete: readDelete(body) };
    case 'txn':
      return { txn: readTxn(body, nested + 1) };
    default:
      throw badRequest(`unknown operation ${JSON.stringify(name.slice(0, 40))}; known: ${TXN_OPERATIONS}`);
  }
}

function readCompare(value: Value): Compare {
  const body = readFields('compare', value, COMPARE_FIELDS);
  return {
    result: readWord('compare', body, 'result', COMPARE_RESULTS),
    target: readWord('compare', body, 'target', COMPARE_TARGETS),
    key: readBytes('compare', body, 'key'),
    range_end: readBytes('compare', body, 'range_end'),
    version: readInteger('compare', body, 'version'),
    create_revision: readInteger('compare', body, 'create_revision'),
    mod_revision: readInteger('compare', body, 'mod_revision'),
    value: readBytes('compare', body, 'value'),
    lease: readId('compare', body, 'lease', 'signed'),
  };
}
