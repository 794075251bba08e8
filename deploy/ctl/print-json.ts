/** One line of JSON, in the shapes of etcd's RPC answers as Go writes them. */
import type {
  HashKvResponse,
  KeyValue,
  Member,
  MemberListResponse,
  OpResponse,
  ResponseHeader,
  StatusResponse,
} from '../../client/types.js';
import type { WatchEvent } from '../../client/watch-types.js';
import { isFine, wholeSeconds } from './lease-text.js';
import { goJson, omitEmpty } from './go-json.js';
import type { Json } from './go-json.js';
import type { MakePrinter, WatchNews } from './printer.js';
import { inner, noHeader, withoutRevision } from './printer.js';

export const jsonPrinter: MakePrinter = (terminal, { hex }) => {
  const print = (json: Json): void => terminal.out(`${goJson(json)}\n`);
  return {
    get: (response) => print(shapeOf({ type: 'get', ...response })),
    put: (response) => print(shapeOf({ type: 'put', ...response })),
    delete: (response) => print(shapeOf({ type: 'delete', ...response })),
    txn: (response) => print(shapeOf({ type: 'txn', ...response })),
    leaseGrant: ({ header, id, ttlMs }) =>
      print({ ...headerShape(header), ID: id, ...ttlShape('TTL', 'TTLMs', ttlMs, ttlMs), Error: '' }),
    leaseRevoke: (_id, { header }) => print({ header: headerShape(header) }),
    leaseKeepAlive: ({ header, id, ttlMs }) =>
      print({ ...headerShape(header), ID: id, ...ttlShape('TTL', 'TTLMs', ttlMs, ttlMs) }),
    leaseTimeToLive: ({ header, id, ttlMs, grantedTtlMs, keys }) =>
      print({
        ...headerShape(header),
        id,
        ...ttlShape('ttl', 'ttl-ms', ttlMs, grantedTtlMs),
        ...ttlShape('granted-ttl', 'granted-ttl-ms', grantedTtlMs, grantedTtlMs),
        keys: keys.length === 0 ? null : keys,
      }),
    leases: ({ header, leases }) => print({ ...headerShape(header), leases: leases.map((id) => ({ id })) }),
    watch: (news) => print(watchShape(news)),
    memberList: (response) => print(hex ? membersInHex(response) : members(response)),
    endpointHealth: (list) =>
      print(list.map(({ endpoint, health, took, error }) => ({ endpoint, health, took, ...omitEmpty({ error }) }))),
    endpointStatus: (list) =>
      print(list.map(({ endpoint, response }) => ({ Endpoint: endpoint, Status: statusShape(response) }))),
    endpointHashKv: (list) =>
      print(list.map(({ endpoint, response }) => ({ Endpoint: endpoint, HashKV: hashShape(response) }))),
  };
};

const headerShape = ({ clusterId, memberId, revision, raftTerm }: ResponseHeader): Record<string, Json> =>
  omitEmpty({ cluster_id: clusterId, member_id: memberId, revision, raft_term: raftTerm });

const pairShape = (kv: KeyValue): Json =>
  omitEmpty({
    key: kv.key,
    create_revision: kv.createRevision,
    mod_revision: kv.modRevision,
    version: kv.version,
    value: kv.value,
    lease: kv.lease,
  });

function shapeOf(response: OpResponse): Json {
  const header = headerShape(response.header);
  switch (response.type) {
    case 'get':
      return omitEmpty({ header, kvs: response.kvs.map(pairShape), more: response.more, count: response.count });
    case 'put': {
      const { prevKv, lease } = response;
      return omitEmpty({ header, prev_kv: prevKv === undefined ? undefined : pairShape(prevKv), lease });
    }
    case 'delete':
      return omitEmpty({ header, deleted: response.deleted, prev_kvs: response.prevKvs.map(pairShape) });
    case 'txn':
      return omitEmpty({
        header,
        succeeded: response.succeeded,
        responses: response.responses.map((each) => ({ Response: { [caseOf[each.type]]: shapeOf(inner(each)) } })),
      });
  }
}

const caseOf = {
  get: 'response_range',
  put: 'response_put',
  delete: 'response_delete_range',
  txn: 'response_txn',
} as const;

/** A TTL that whole seconds do not hold stands there in milliseconds too. */
const ttlShape = (name: string, fineName: string, ms: number, granted_ms: number): Record<string, Json> => ({
  [name]: wholeSeconds(ms),
  ...(isFine(granted_ms) ? { [fineName]: ms } : {}),
});

/** Go's struct without tags: its fields' own names, and none left out. */
const watchShape = ({ header, events, initial, canceled, compactRevision }: WatchNews): Json => ({
  Header: headerShape(header ?? noHeader),
  Events: header === undefined ? null : events.map(eventShape),
  CompactRevision: compactRevision,
  Canceled: canceled,
  Created: false,
  ...(initial ? { Initial: true } : {}),
});

const eventShape = ({ type, kv, prevKv }: WatchEvent): Json =>
  omitEmpty({
    type: type === 'delete' ? 1 : 0,
    kv: pairShape(kv),
    prev_kv: prevKv === undefined ? undefined : pairShape(prevKv),
  });

const memberShape = (member: Member): Json =>
  omitEmpty({
    ID: member.id,
    name: member.name,
    peerURLs: member.peerUrls,
    clientURLs: member.clientUrls,
    isLearner: member.isLearner,
  });

const members = (response: MemberListResponse): Json =>
  omitEmpty({ header: headerShape(withoutRevision(response.header)), members: response.members.map(memberShape) });

/** etcdctl leaves out who is a learner here; a learner is still told apart. */
const membersInHex = ({ header, members: list }: MemberListResponse): Json => ({
  header: {
    cluster_id: header.clusterId.toString(16),
    member_id: header.memberId.toString(16),
    raft_term: header.raftTerm,
  },
  ...omitEmpty({
    members: list.map((member) => ({
      ID: member.id.toString(16),
      name: member.name,
      peerURLs: member.peerUrls,
      clientURLs: member.clientUrls,
      ...omitEmpty({ isLearner: member.isLearner }),
    })),
  }),
});

const statusShape = (status: StatusResponse): Json => ({
  ...omitEmpty({
    header: headerShape(status.header),
    version: status.version,
    dbSize: status.dbSize,
    leader: status.leader,
    raftIndex: status.raftIndex,
    raftTerm: status.raftTerm,
    raftAppliedIndex: status.raftAppliedIndex,
    errors: status.errors,
    dbSizeInUse: status.dbSizeInUse,
    isLearner: status.isLearner,
    storageVersion: status.storageVersion,
    dbSizeQuota: status.dbSizeQuota,
  }),
  downgradeInfo: {},
  ...(status.vitals === undefined ? {} : { vitals: { ...status.vitals } }),
});

const hashShape = (response: HashKvResponse): Json =>
  omitEmpty({
    header: headerShape(response.header),
    hash: response.hash,
    compact_revision: response.compactRevision,
    hash_revision: response.hashRevision,
  });
