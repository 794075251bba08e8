/** Asks Quorate through its own client. */
import { errors, QuorateError } from '../../machines/language/errors.js';
import { compare, op } from '../../client/txn.js';
import type {
  Bytes,
  Client,
  Comparison,
  DeleteResponse,
  GetOptions,
  GetResponse,
  KeyValue,
  Op,
  OpResponse,
  PutOptions,
  PutResponse,
  SortOrder,
  SortTarget,
  TxnResponse,
} from '../../client/types.js';
import {
  Refused,
  type CompareAsked,
  type DeleteAnswer,
  type DeleteAsked,
  type Driver,
  type OpAnswer,
  type OpAsked,
  type Pair,
  type PutAnswer,
  type PutAsked,
  type RangeAnswer,
  type RangeAsked,
  type Text,
  type TxnAnswer,
  type TxnAsked,
} from './driver.js';

const bytes = (text: Text | undefined): Uint8Array => Buffer.from(text ?? '', 'latin1');
const text = (value: Uint8Array): Text => Buffer.from(value).toString('latin1');

/* ---- what is asked --------------------------------------------------------------------------------------------- */

/** The cases may ask for an order that does not exist: the types are the client's, the refusal is the node's. */
const rangeOptions = (asked: RangeAsked): GetOptions => ({
  rangeEnd: endOf(asked.range_end),
  limit: asked.limit,
  revision: asked.revision,
  sortOrder: asked.sort_order as SortOrder | undefined,
  sortTarget: asked.sort_target as SortTarget | undefined,
  serializable: asked.serializable,
  keysOnly: asked.keys_only,
  countOnly: asked.count_only,
  minModRevision: asked.min_mod_revision,
  maxModRevision: asked.max_mod_revision,
  minCreateRevision: asked.min_create_revision,
  maxCreateRevision: asked.max_create_revision,
});

const endOf = (end: Text | undefined): Bytes | undefined => (end === undefined ? undefined : bytes(end));

const putOptions = (asked: PutAsked): PutOptions => ({
  lease: asked.lease,
  prevKv: asked.prev_kv,
  ignoreValue: asked.ignore_value,
  ignoreLease: asked.ignore_lease,
});

const results = { equal: 'equals', greater: 'greater', less: 'less', not_equal: 'notEqual' } as const;

function comparison(asked: CompareAsked): Comparison {
  const made = compareOne(asked);
  return asked.range_end === undefined ? made : made.withRange(bytes(asked.range_end));
}

function compareOne(asked: CompareAsked): Comparison {
  const key = bytes(asked.key);
  const result = results[asked.result];
  switch (asked.target) {
    case 'version':
      return compare.version(key)[result](asked.given);
    case 'create':
      return compare.createRevision(key)[result](asked.given);
    case 'mod':
      return compare.modRevision(key)[result](asked.given);
    case 'value':
      return compare.value(key)[result](bytes(asked.given));
    case 'lease':
      return compare.lease(key)[result](asked.given);
  }
}

function operation(asked: OpAsked): Op {
  if ('range' in asked) return op.get(bytes(asked.range.key), rangeOptions(asked.range));
  if ('put' in asked) return op.put(bytes(asked.put.key), bytes(asked.put.value), putOptions(asked.put));
  if ('delete' in asked) return op.delete(bytes(asked.delete.key), deleteOptions(asked.delete));
  const { compare: all = [], success = [], failure = [] } = asked.txn;
  return op.txn(all.map(comparison), success.map(operation), failure.map(operation));
}

const deleteOptions = (asked: DeleteAsked) => ({ rangeEnd: endOf(asked.range_end), prevKv: asked.prev_kv });

const commit = (client: Client, { compare: all = [], success = [], failure = [] }: TxnAsked): Promise<TxnResponse> =>
  client.kv
    .txn()
    .if(...all.map(comparison))
    .then(...success.map(operation))
    .else(...failure.map(operation))
    .commit();

/* ---- what is answered ------------------------------------------------------------------------------------------ */

const pair = (kv: KeyValue): Pair => ({
  key: text(kv.key),
  value: text(kv.value),
  create_revision: kv.createRevision,
  mod_revision: kv.modRevision,
  version: kv.version,
  lease: kv.lease,
});
const rangeAnswer = ({ kvs, more, count }: GetResponse): RangeAnswer => ({ kvs: kvs.map(pair), more, count });
const putAnswer = ({ prevKv }: PutResponse): PutAnswer => ({ prev_kv: prevKv === undefined ? null : pair(prevKv) });
const deleteAnswer = ({ deleted, prevKvs }: DeleteResponse): DeleteAnswer => ({
  deleted,
  prev_kvs: prevKvs.map(pair),
});
const txnAnswer = ({ succeeded, responses }: TxnResponse): TxnAnswer => ({
  succeeded,
  responses: responses.map(opAnswer),
});
function opAnswer(answer: OpResponse): OpAnswer {
  switch (answer.type) {
    case 'get':
      return { range: rangeAnswer(answer) };
    case 'put':
      return { put: putAnswer(answer) };
    case 'delete':
      return { delete: deleteAnswer(answer) };
    case 'txn':
      return { txn: txnAnswer(answer) };
  }
}

/** The leader has applied what it answered; another member may lag behind what a case has seen. */
async function leaderName(client: Client): Promise<string | undefined> {
  const { leader } = await client.maintenance.status();
  const { members } = await client.cluster.memberList();
  return members.find((member) => member.id === leader)?.name;
}

/** Of a lease that is not there the client makes an error, as etcd's own does; on the wire it is a TTL of 0. */
async function keepAlive(client: Client, id: bigint): Promise<number> {
  try {
    return (await client.lease.keepAliveOnce(id)).ttlMs / 1000;
  } catch (error) {
    if (error instanceof QuorateError && error.message === errors.LeaseNotFound.message) return 0;
    throw error;
  }
}

/* ---- the driver ------------------------------------------------------------------------------------------------ */

export function quorateDriver(name: string, client: Client, close: () => Promise<void>): Driver {
  const answered = async <R extends { readonly header: { readonly revision: number } }, T>(
    call: Promise<R>,
    read: (answer: R) => T,
  ) => {
    const answer = await call.catch((error: unknown) => {
      throw error instanceof QuorateError ? new Refused(error.message, error.code) : error;
    });
    return { revision: answer.header.revision, ...read(answer) };
  };
  return {
    name,
    version: '3.6',
    product: 'quorate',
    range: (asked) => answered(client.kv.get(bytes(asked.key), rangeOptions(asked)), rangeAnswer),
    put: (asked) => answered(client.kv.put(bytes(asked.key), bytes(asked.value), putOptions(asked)), putAnswer),
    delete: (asked) => answered(client.kv.delete(bytes(asked.key), deleteOptions(asked)), deleteAnswer),
    txn: (asked) => answered(commit(client, asked), txnAnswer),
    compact: (revision, physical) => answered(client.kv.compact(revision, { physical }), () => ({})),
    hashKv: async (revision = 0) => {
      const leader = await leaderName(client);
      return answered(client.maintenance.hashKv(leader, revision), (answer) => ({
        hash: answer.hash,
        compact_revision: answer.compactRevision,
      }));
    },
    grant: (ttl, id) =>
      answered(client.lease.grant(ttl * 1000, { id }), (answer) => ({ id: answer.id, ttl: answer.ttlMs / 1000 })),
    revoke: (id) => answered(client.lease.revoke(id), () => ({})),
    keepAlive: (id) => keepAlive(client, id),
    timeToLive: async (id, keys) => {
      const answer = await client.lease.timeToLive(id, { keys });
      const ttl = Math.floor(answer.ttlMs / 1000);
      return { ttl, granted: answer.grantedTtlMs / 1000, keys: answer.keys.map(text) };
    },
    leases: async () => (await client.lease.list()).leases,
    close,
  };
}
