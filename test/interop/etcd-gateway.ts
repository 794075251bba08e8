/** A real etcd as the commands see a cluster, through its JSON gateway: etcdctl can be asked the same. */
import type { Leases } from '../../client/lease-types.js';
import type { WatchEvent, Watcher, WatchOptions, WatchResponse } from '../../client/watch-types.js';
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
import type { ClusterAccess, Comparing, Held, Operation } from '../../deploy/ctl/cluster.js';
import { NUL, prefixEnd } from '../../machines/language/bytes.js';
import { errorOf, QuorateError } from '../../machines/language/errors.js';

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
    lease: leasesOver(ask),
    watch: (key, options) => watchOver(address, key, options),
    lock: async (name, { ttlMs }) => lockOver(ask, name, ttlMs),
    campaign: () => Promise.reject(new Error('an election ends with a signal alone')),
    observe: () => {
      throw new Error('an observer ends with a signal alone');
    },
    close: async () => undefined,
  };
  return access;
}

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

/* ---- leases, locks, watches -------------------------------------------------------------------------------------- */

type Ask = (path: string, request: unknown) => Promise<Raw>;

const milliseconds = (value: Raw[string]): number => number(value) * 1_000;

function leasesOver(ask: Ask): Leases {
  const renew = async (lease: bigint) => {
    const raw = (await ask('lease/keepalive', { ID: String(lease) }))['result'] as Raw;
    return { header: header(raw), id: lease, ttlMs: milliseconds(raw['TTL']) };
  };
  return {
    grant: async (ttlMs) => {
      const raw = await ask('lease/grant', { TTL: String(Math.floor(ttlMs / 1_000)) });
      return { header: header(raw), id: id(raw['ID']), ttlMs: milliseconds(raw['TTL']) };
    },
    revoke: async (lease) => ({ header: header(await ask('lease/revoke', { ID: String(lease) })) }),
    keepAliveOnce: async (lease) => {
      const kept = await renew(lease);
      if (kept.ttlMs === 0) throw errorOf('LeaseNotFound');
      return kept;
    },
    keepAlive: (lease) => ({
      id: lease,
      alive: true,
      lost: renew(lease).then(({ ttlMs }) =>
        ttlMs === 0 ? errorOf('LeaseNotFound') : Promise.reject(new Error('renewed, and that does not end by itself')),
      ),
      onRenewed: () => () => undefined,
      stop: () => undefined,
    }),
    timeToLive: async (lease, { keys = false } = {}) => {
      const raw = await ask('lease/timetolive', { ID: String(lease), keys });
      return {
        header: header(raw),
        id: id(raw['ID']),
        ttlMs: raw['TTL'] === '-1' ? -1 : milliseconds(raw['TTL']),
        grantedTtlMs: milliseconds(raw['grantedTTL']),
        keys: texts(raw['keys']).map(bytes),
      };
    },
    list: async () => {
      const raw = await ask('lease/leases', {});
      return { header: header(raw), leases: list(raw['leases']).map((lease) => id(lease['ID'])) };
    },
  };
}

async function lockOver(ask: Ask, name: string, ttlMs: number): Promise<Held> {
  const { ID } = await ask('lease/grant', { TTL: String(ttlMs / 1_000) });
  const raw = await ask('lock/lock', { name: base64(Buffer.from(name)), lease: ID });
  return {
    key: Buffer.from(bytes(raw['key'])).toString(),
    revision: header(raw).revision,
    lost: new Promise(() => undefined),
    release: async () => void (await ask('lease/revoke', { ID })),
  };
}

function watchOver(address: string, key: Uint8Array, options: WatchOptions): Watcher {
  const over = new AbortController();
  const request = {
    key: base64(key),
    range_end: endOf(key, options),
    start_revision: String(options.startRevision ?? 0),
    prev_kv: options.prevKv ?? false,
  };
  const opened = openWatch(address, request, over.signal);
  const created = opened.then(({ first }) => header(first));
  created.catch(() => undefined);
  const notHere = (): never => {
    throw new Error('the commands do not use this');
  };
  return {
    created,
    revision: 0,
    on: notHere,
    off: notHere,
    requestProgress: notHere,
    cancel: async () => over.abort(),
    async *[Symbol.asyncIterator]() {
      const { rest } = await opened;
      for await (const raw of rest) yield watchResponse(raw);
    },
  };
}

async function openWatch(address: string, request: unknown, signal: AbortSignal) {
  const body = JSON.stringify({ create_request: request });
  const answer = await fetch(`${address}/v3/watch`, { method: 'POST', body, signal });
  const lines = linesOf(answer.body as unknown as AsyncIterable<Uint8Array>);
  const read = async (): Promise<Raw> => {
    const { value } = await lines.next();
    const raw = (JSON.parse(String(value)) as Raw)['result'] as Raw;
    if (raw['canceled'] !== true) return raw;
    const compactRevision = number(raw['compact_revision']);
    if (compactRevision > 0) throw Object.assign(errorOf('Compacted'), { compactRevision });
    throw new QuorateError('Unknown', text(raw['cancel_reason']));
  };
  const rest = async function* (): AsyncGenerator<Raw> {
    for (;;) yield await read();
  };
  return { first: await read(), rest: rest() };
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  let read = '';
  for await (const chunk of chunks) {
    const lines = (read + Buffer.from(chunk).toString()).split('\n');
    read = lines.pop() ?? '';
    yield* lines;
  }
}

const watchResponse = (raw: Raw): WatchResponse => ({
  header: header(raw),
  events: list(raw['events']).map(watchEvent),
  initial: false,
});

const watchEvent = (raw: Raw): WatchEvent => ({
  type: raw['type'] === 'DELETE' ? 'delete' : 'put',
  kv: pair(raw['kv'] as Raw),
  ...(raw['prev_kv'] === undefined ? {} : { prevKv: pair(raw['prev_kv'] as Raw) }),
  cause: 'user',
});
