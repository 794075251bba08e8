/** From what the wire carries to what callers read: camelCase, and `prevKv` only where there was one. */
import type {
  DeleteResult,
  Header,
  HashKvResult,
  KeyValue as WireKeyValue,
  MemberListResult,
  OperationResult,
  PutResult,
  RangeResult,
  TxnResult,
} from '../machines/language/commands.js';
import type {
  LeaseGrantResult,
  LeaseKeepAliveResult,
  LeaseListResult,
  LeaseTimeToLiveResult,
} from '../machines/language/leases.js';
import type { StatusResult, VitalSigns } from '../machines/language/status.js';
import type { WatchEvent as WireEvent, WatchResponse as WireResponse } from '../machines/language/watching.js';
import type { Renewed } from './lease-keeper.js';
import type { GrantResponse, LeasesResponse, TimeToLiveResponse } from './lease-types.js';
import type {
  DeleteResponse,
  GetResponse,
  HashKvResponse,
  KeyValue,
  MemberListResponse,
  OpResponse,
  PutResponse,
  ResponseHeader,
  StatusResponse,
  TxnResponse,
} from './types.js';
import type { WatchEvent, WatchResponse } from './watch-types.js';

export const toHeader = (header: Header): ResponseHeader => ({
  clusterId: header.cluster_id,
  memberId: header.member_id,
  revision: header.revision,
  raftTerm: header.raft_term,
  raftIndex: header.raft_index,
});

export const toGrant = (header: ResponseHeader, { id, ttl_ms }: LeaseGrantResult): GrantResponse => ({
  header,
  id,
  ttlMs: ttl_ms,
});

export const toKept = (header: ResponseHeader, result: LeaseKeepAliveResult): Renewed => ({
  header,
  leases: result.leases.map(({ id, ttl_ms }) => ({ id, ttlMs: ttl_ms })),
});

export const toTimeToLive = (header: ResponseHeader, result: LeaseTimeToLiveResult): TimeToLiveResponse => ({
  header,
  id: result.id,
  ttlMs: result.ttl_ms,
  grantedTtlMs: result.granted_ttl_ms,
  keys: result.keys,
});

export const toLeases = (header: ResponseHeader, { leases }: LeaseListResult): LeasesResponse => ({ header, leases });

const toKeyValue = (kv: WireKeyValue): KeyValue => ({
  key: kv.key,
  value: kv.value,
  createRevision: kv.create_revision,
  modRevision: kv.mod_revision,
  version: kv.version,
  lease: kv.lease,
});

export const toWatchEvent = ({ event, prev_kv }: WireEvent): WatchEvent => ({
  type: event.type,
  kv: toKeyValue(event.kv),
  ...(prev_kv === null ? {} : { prevKv: toKeyValue(prev_kv) }),
  cause: event.cause,
});

export const toWatchResponse = (header: Header, { revision, events, initial }: WireResponse): WatchResponse => ({
  header: toHeader({ ...header, revision }),
  events: events.map(toWatchEvent),
  initial,
});

export const toGet = (header: ResponseHeader, result: RangeResult): GetResponse => ({
  header,
  kvs: result.kvs.map(toKeyValue),
  more: result.more,
  count: result.count,
});

export const toPut = (header: ResponseHeader, { prev_kv, lease }: PutResult): PutResponse => ({
  header,
  ...(prev_kv === null ? {} : { prevKv: toKeyValue(prev_kv) }),
  ...(lease === 0n ? {} : { lease }),
});

export const toDelete = (header: ResponseHeader, result: DeleteResult): DeleteResponse => ({
  header,
  deleted: result.deleted,
  prevKvs: result.prev_kvs.map(toKeyValue),
});

export const toTxn = (header: ResponseHeader, result: TxnResult): TxnResponse => ({
  header,
  succeeded: result.succeeded,
  responses: result.responses.map((one) => toOperation(header, one)),
});

function toOperation(outer: ResponseHeader, result: OperationResult): OpResponse {
  const at = (revision: number): ResponseHeader => ({ ...outer, revision });
  if ('range' in result) return { type: 'get', ...toGet(at(result.range.revision), result.range) };
  if ('put' in result) return { type: 'put', ...toPut(at(result.put.revision), result.put) };
  if ('delete' in result) return { type: 'delete', ...toDelete(at(result.delete.revision), result.delete) };
  return { type: 'txn', ...toTxn(at(result.txn.revision), result.txn) };
}

export const toMemberList = (header: ResponseHeader, result: MemberListResult): MemberListResponse => ({
  header,
  members: result.members.map((member) => ({
    id: member.id,
    name: member.name,
    peerUrls: member.peer_urls,
    clientUrls: member.client_urls,
    isLearner: member.is_learner,
  })),
});

export const toStatus = (header: ResponseHeader, result: StatusResult): StatusResponse => ({
  header,
  name: result.name,
  version: result.version,
  storageVersion: result.storage_version,
  dbSize: result.db_size,
  dbSizeInUse: result.db_size_in_use,
  dbSizeQuota: result.db_size_quota,
  leader: result.leader,
  raftIndex: result.raft_index,
  raftTerm: result.raft_term,
  raftAppliedIndex: result.raft_applied_index,
  isLearner: result.is_learner,
  errors: result.errors,
  role: result.role,
  revision: result.revision,
  ...(result.vitals === null ? {} : { vitals: toVitals(result.vitals) }),
});

const toVitals = (signs: VitalSigns): NonNullable<StatusResponse['vitals']> => ({
  eventLoopDelayP50Ms: signs.event_loop_delay_p50_ms,
  eventLoopDelayP99Ms: signs.event_loop_delay_p99_ms,
  eventLoopDelayMaxMs: signs.event_loop_delay_max_ms,
  logSyncP50Ms: signs.log_sync_p50_ms,
  logSyncP99Ms: signs.log_sync_p99_ms,
  logSyncMaxMs: signs.log_sync_max_ms,
  logSyncUnderWayMs: signs.log_sync_under_way_ms,
  storeWriteP50Ms: signs.store_write_p50_ms,
  storeWriteP99Ms: signs.store_write_p99_ms,
  storeWriteMaxMs: signs.store_write_max_ms,
  storeWriteUnderWayMs: signs.store_write_under_way_ms,
  residentMemoryBytes: signs.resident_memory_bytes,
});

export const toHashKv = (header: ResponseHeader, result: HashKvResult): HashKvResponse => ({
  header,
  hash: result.hash,
  compactRevision: result.compact_revision,
  hashRevision: result.hash_revision,
});
