/** A real etcd as the commands see a cluster, through its JSON gateway: etcdctl can be asked the same. */
import type {
  GetOptions,
  GetResponse,
  HashKvResponse,
  KeyValue,
  MemberListResponse,
  OpResponse,
  ResponseHeader,
  StatusResponse,
} from '../../client/types.js';
import type { ClusterAccess, Comparing, Operation } from '../../deploy/ctl/cluster.js';
import { NUL, prefixEnd } from '../../machines/language/bytes.js';
import { QuorateError } from '../../machines/language/errors.js';

/** What the gateway answers: 64-bit numbers are texts, zero fields are left out. */
interface Raw {
  readonly [name: string]: string | number | boolean | Raw | readonly Raw[] | readonly string[] | undefined;
}

export function etcdAccess(address: string): ClusterAccess {
  const ask = async (path: string, request: unknown): Promise<Raw> => {
    const answer = await fetch(`${address}/v3/${path}`, { method: 'POST', body: JSON.stringify(request) });
    const body = (await answer.json()) as Raw;
    if (answer.ok) return body;
    throw new QuorateError('Unknown', text(body['message'] ?? body['error']));
  };
  const access: ClusterAccess = {
    get: async (key, options = {}) => getResponse(await ask('kv/range', rangeOf(key, options))),
    put: async (key, value, options = {}) => {
      const raw = await ask('kv/put', opOf({ type: 'put', key, value, options }).request_put);
      return putResponse(raw);
    },
    delete: async (key, options = {}) =>
      deleteResponse(await ask('kv/deleterange', opOf({ type: 'delete', key, options }).request_delete_range)),
    txn: async ({ comparisons, success, failure }) => {
      const request = { compare: comparisons.map(compareOf), success: success.map(opOf), failure: failure.map(opOf) };
      const raw = await ask('kv/txn', request);
      return {
        header: header(raw),
        succeeded: raw['succeeded'] === true,
        responses: list(raw['responses']).map(operationResponse),
      };
    },
    compact: async (revision, { physical = false } = {}) => ({
      header: header(await ask('kv/compaction', { revision, physical })),
    }),
    memberList: async () => memberListResponse(await ask('cluster/member/list', {})),
    status: async () => statusResponse(await ask('maintenance/status', {})),
    hashKv: async (_member, revision) => hashResponse(await ask('maintenance/hash', { revision })),
    lease: {
      grant: notHere,
      revoke: notHere,
      keepAliveOnce: notHere,
      keepAlive: notHere,
      timeToLive: notHere,
      list: notHere,
    },
    watch: notHere,
    lock: notHere,
    campaign: notHere,
    observe: notHere,
    close: async () => undefined,
  };
  return access;
}

/** What takes streams is compared with etcdctl's own output (test/ctl), not through the gateway. */
const notHere = (): never => {
  throw new QuorateError('Unimplemented', 'the gateway is not asked for this');
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytes = (value: Raw[string]): Uint8Array => Buffer.from(typeof value === 'string' ? value : '', 'base64');
const number = (value: Raw[string]): number => Number(value ?? 0);
const id = (value: Raw[string]): bigint => BigInt((value as string | undefined) ?? 0);
const list = (value: Raw[string]): readonly Raw[] => (value as readonly Raw[] | undefined) ?? [];
const texts = (value: Raw[string]): readonly string[] => (value as readonly string[] | undefined) ?? [];
const text = (value: Raw[string]): string => (value as string | undefined) ?? '';

function header(raw: Raw): ResponseHeader {
  const inner = (raw['header'] ?? {}) as Raw;
  return {
    clusterId: id(inner['cluster_id']),
    memberId: id(inner['member_id']),
    revision: number(inner['revision']),
    raftTerm: number(inner['raft_term']),
    raftIndex: 0,
  };
}

const pair = (raw: Raw): KeyValue => ({
  key: bytes(raw['key']),
  value: bytes(raw['value']),
  createRevision: number(raw['create_revision']),
  modRevision: number(raw['mod_revision']),
  version: number(raw['version']),
  lease: id(raw['lease']),
});

const getResponse = (raw: Raw): GetResponse => ({
  header: header(raw),
  kvs: list(raw['kvs']).map(pair),
  more: raw['more'] === true,
  count: number(raw['count']),
});

const putResponse = (raw: Raw) => ({
  header: header(raw),
  ...(raw['prev_kv'] === undefined ? {} : { prevKv: pair(raw['prev_kv'] as Raw) }),
});

const deleteResponse = (raw: Raw) => ({
  header: header(raw),
  deleted: number(raw['deleted']),
  prevKvs: list(raw['prev_kvs']).map(pair),
});

function operationResponse(raw: Raw): OpResponse {
  if (raw['response_range'] !== undefined) return { type: 'get', ...getResponse(raw['response_range'] as Raw) };
  if (raw['response_put'] !== undefined) return { type: 'put', ...putResponse(raw['response_put'] as Raw) };
  return { type: 'delete', ...deleteResponse(raw['response_delete_range'] as Raw) };
}

const memberListResponse = (raw: Raw): MemberListResponse => ({
  header: header(raw),
  members: list(raw['members']).map((member) => ({
    id: id(member['ID']),
    name: text(member['name']),
    peerUrls: texts(member['peerURLs']),
    clientUrls: texts(member['clientURLs']),
    isLearner: member['isLearner'] === true,
  })),
});

const statusResponse = (raw: Raw): StatusResponse => ({
  header: header(raw),
  name: '',
  version: text(raw['version']),
  storageVersion: text(raw['storageVersion']),
  dbSize: number(raw['dbSize']),
  dbSizeInUse: number(raw['dbSizeInUse']),
  dbSizeQuota: number(raw['dbSizeQuota']),
  leader: id(raw['leader']),
  raftIndex: number(raw['raftIndex']),
  raftTerm: number(raw['raftTerm']),
  raftAppliedIndex: number(raw['raftAppliedIndex']),
  isLearner: raw['isLearner'] === true,
  errors: texts(raw['errors']),
  role: '',
  revision: 0,
});

const hashResponse = (raw: Raw): HashKvResponse => ({
  header: header(raw),
  hash: number(raw['hash']),
  compactRevision: number(raw['compact_revision']),
  hashRevision: number(raw['hash_revision']),
});

/* ---- requests ---------------------------------------------------------------------------------------------------- */

function endOf(key: Uint8Array, { rangeEnd, prefix, fromKey }: GetOptions): string {
  if (prefix === true) return base64(prefixEnd(key));
  if (fromKey === true) return base64(NUL);
  return base64(typeof rangeEnd === 'string' ? Buffer.from(rangeEnd) : (rangeEnd ?? new Uint8Array(0)));
}

const rangeOf = (key: Uint8Array, options: GetOptions) => ({
  key: base64(key),
  range_end: endOf(key, options),
  limit: String(options.limit ?? 0),
  revision: String(options.revision ?? 0),
  sort_order: { none: 0, ascend: 1, descend: 2 }[options.sortOrder ?? 'none'],
  sort_target: { key: 0, version: 1, create: 2, mod: 3, value: 4 }[options.sortTarget ?? 'key'],
  serializable: options.serializable ?? false,
  keys_only: options.keysOnly ?? false,
  count_only: options.countOnly ?? false,
  min_mod_revision: String(options.minModRevision ?? 0),
  max_mod_revision: String(options.maxModRevision ?? 0),
  min_create_revision: String(options.minCreateRevision ?? 0),
  max_create_revision: String(options.maxCreateRevision ?? 0),
});

function opOf(operation: Operation) {
  const { key } = operation;
  switch (operation.type) {
    case 'get':
      return { request_range: rangeOf(key, operation.options) };
    case 'put':
      return {
        request_put: {
          key: base64(key),
          value: base64(operation.value),
          lease: String(operation.options.lease ?? 0n),
          prev_kv: operation.options.prevKv ?? false,
          ignore_value: operation.options.ignoreValue ?? false,
          ignore_lease: operation.options.ignoreLease ?? false,
        },
      };
    case 'delete':
      return {
        request_delete_range: {
          key: base64(key),
          range_end: endOf(key, operation.options),
          prev_kv: operation.options.prevKv ?? false,
        },
      };
  }
}

function compareOf(comparing: Comparing) {
  const given = comparing.target === 'value' ? base64(comparing.given) : String(comparing.given);
  const field = { version: 'version', create: 'create_revision', mod: 'mod_revision', value: 'value', lease: 'lease' };
  return {
    result: { equals: 0, greater: 1, less: 2, notEqual: 3 }[comparing.relation],
    target: { version: 0, create: 1, mod: 2, value: 3, lease: 4 }[comparing.target],
    key: base64(comparing.key),
    [field[comparing.target]]: given,
  };
}
