/** The answers as the bytes of etcd's protobuf messages (field numbers: reference 1.1 and 1.4). */
import type { WatchEvent } from '../../client/watch-types.js';
import type { KeyValue, Member, OpResponse, ResponseHeader } from '../../client/types.js';
import { wholeSeconds } from './lease-text.js';
import type { MakePrinter, WatchNews } from './printer.js';
import { inner, noHeader, unsupported, withoutRevision } from './printer.js';
import { encodeMessage, repeated } from './protobuf.js';
import type { Field, Message } from './protobuf.js';

export const protobufPrinter: MakePrinter = (terminal) => {
  const print = (message: Message): void => terminal.out(encodeMessage(message));
  const refuse = unsupported('protobuf');
  return {
    get: (response) => print(messageOf({ type: 'get', ...response })),
    put: (response) => print(messageOf({ type: 'put', ...response })),
    delete: (response) => print(messageOf({ type: 'delete', ...response })),
    txn: (response) => print(messageOf({ type: 'txn', ...response })),
    leaseGrant: ({ header, id, ttlMs }) =>
      print([
        [1, headerMessage(header)],
        [2, id],
        [3, wholeSeconds(ttlMs)],
      ]),
    leaseRevoke: (_id, { header }) => print([[1, headerMessage(header)]]),
    leaseKeepAlive: ({ header, id, ttlMs }) =>
      print([
        [1, headerMessage(header)],
        [2, id],
        [3, wholeSeconds(ttlMs)],
      ]),
    leaseTimeToLive: ({ header, id, ttlMs, grantedTtlMs, keys }) =>
      print([
        [1, headerMessage(header)],
        [2, id],
        [3, wholeSeconds(ttlMs)],
        [4, wholeSeconds(grantedTtlMs)],
        ...keys.map((key): Field => [5, key]),
      ]),
    leases: ({ header, leases }) =>
      print([
        [1, headerMessage(header)],
        ...repeated(
          2,
          leases.map((id): Message => [[1, id]]),
        ),
      ]),
    watch: (news) => print(watchMessage(news)),
    memberList: ({ header, members }) =>
      print([[1, headerMessage(withoutRevision(header))], ...repeated(2, members.map(memberMessage))]),
    endpointHealth: refuse,
    endpointStatus: refuse,
    endpointHashKv: refuse,
  };
};

const headerMessage = ({ clusterId, memberId, revision, raftTerm }: ResponseHeader): Message => [
  [1, clusterId],
  [2, memberId],
  [3, revision],
  [4, raftTerm],
];

const pairMessage = (kv: KeyValue): Message => [
  [1, kv.key],
  [2, kv.createRevision],
  [3, kv.modRevision],
  [4, kv.version],
  [5, kv.value],
  [6, kv.lease],
];

const watchMessage = ({ header = noHeader, events, canceled, compactRevision }: WatchNews): Message => [
  [1, headerMessage(header)],
  [4, canceled],
  [5, compactRevision],
  ...repeated(11, events.map(eventMessage)),
];

const eventMessage = ({ type, kv, prevKv }: WatchEvent): Message => [
  [1, type === 'delete'],
  [2, pairMessage(kv)],
  [3, prevKv === undefined ? undefined : pairMessage(prevKv)],
];

const memberMessage = (member: Member): Message => [
  [1, member.id],
  [2, member.name],
  ...repeated(3, member.peerUrls),
  ...repeated(4, member.clientUrls),
  [5, member.isLearner],
];

/** The field of a ResponseOp in which each kind of answer stands. */
const caseOf = { get: 1, put: 2, delete: 3, txn: 4 } as const;

function messageOf(response: OpResponse): Message {
  const header: Message = [[1, headerMessage(response.header)]];
  switch (response.type) {
    case 'get':
      return [...header, ...repeated(2, response.kvs.map(pairMessage)), [3, response.more], [4, response.count]];
    case 'put':
      return [...header, [2, response.prevKv === undefined ? undefined : pairMessage(response.prevKv)]];
    case 'delete':
      return [...header, [2, response.deleted], ...repeated(3, response.prevKvs.map(pairMessage))];
    case 'txn':
      return [
        ...header,
        [2, response.succeeded],
        ...repeated(
          3,
          response.responses.map((each): Message => [[caseOf[each.type], messageOf(inner(each))]]),
        ),
      ];
  }
}
