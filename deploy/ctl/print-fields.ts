/** A line for every field: `"Name" : value`, bytes quoted. */
import type {
  HashKvResponse,
  KeyValue,
  Member,
  OpResponse,
  ResponseHeader,
  StatusResponse,
} from '../../client/types.js';
import type { WatchEvent } from '../../client/watch-types.js';
import { hex16 } from '../../machines/language/bytes.js';
import { quote, quoteText } from './go-quote.js';
import { isFine, wholeSeconds } from './lease-text.js';
import { inner, noHeader, withoutRevision } from './printer.js';
import type { At, Health, MakePrinter } from './printer.js';

export const fieldsPrinter: MakePrinter = (terminal, { hex }) => {
  const print = (lines: readonly string[]): void => terminal.out(lines.map((line) => `${line}\n`).join(''));
  const answer = (response: OpResponse): void => print(answerLines(response, hex));
  return {
    get: (response) => answer({ type: 'get', ...response }),
    put: (response) => answer({ type: 'put', ...response }),
    delete: (response) => answer({ type: 'delete', ...response }),
    txn: (response) => answer({ type: 'txn', ...response }),
    leaseGrant: ({ header, id: lease, ttlMs }) =>
      print([...headerLines(header, hex), leaseLine(lease, hex), ...ttlLines('TTL', ttlMs, ttlMs)]),
    leaseRevoke: (_id, { header }) => print(headerLines(header, hex)),
    leaseKeepAlive: ({ header, id: lease, ttlMs }) =>
      print([...headerLines(header, hex), leaseLine(lease, hex), ...ttlLines('TTL', ttlMs, ttlMs)]),
    leaseTimeToLive: ({ header, id: lease, ttlMs, grantedTtlMs, keys }) =>
      print([
        ...headerLines(header, hex),
        leaseLine(lease, hex),
        ...ttlLines('TTL', ttlMs, grantedTtlMs),
        ...ttlLines('GrantedTTL', grantedTtlMs, grantedTtlMs),
        ...keys.map((key) => field('Key', quote(key))),
      ]),
    leases: ({ header, leases }) =>
      print([...headerLines(header, hex), ...leases.map((lease) => leaseLine(lease, hex))]),
    watch: ({ header = noHeader, events }) =>
      print([...headerLines(header, hex), ...events.flatMap((event) => eventLines(event, hex))]),
    memberList: ({ header, members }) =>
      print([...headerLines(withoutRevision(header), hex), ...members.flatMap((member) => memberLines(member, hex))]),
    endpointHealth: (list) => print(list.flatMap(healthLines)),
    endpointStatus: (list) => print(list.flatMap((each) => statusLines(each, hex))),
    endpointHashKv: (list) => print(list.flatMap((each) => hashLines(each, hex))),
  };
};

const field = (name: string, value: string | number | bigint | boolean): string => `"${name}" : ${value}`;

const id = (value: bigint, hex: boolean): string => (hex ? value.toString(16) : String(value));

const headerLines = ({ clusterId, memberId, revision, raftTerm }: ResponseHeader, hex: boolean): string[] => [
  field('ClusterID', id(clusterId, hex)),
  field('MemberID', id(memberId, hex)),
  ...(revision > 0 ? [field('Revision', revision)] : []),
  field('RaftTerm', raftTerm),
];

const pairLines = (prefix: '' | 'Prev', kv: KeyValue, hex: boolean): string[] => [
  field(`${prefix}Key`, quote(kv.key)),
  field(`${prefix}CreateRevision`, kv.createRevision),
  field(`${prefix}ModRevision`, kv.modRevision),
  field(`${prefix}Version`, kv.version),
  field(`${prefix}Value`, quote(kv.value)),
  field(`${prefix}Lease`, hex ? hex16(kv.lease) : kv.lease),
];

const leaseLine = (lease: bigint, hex: boolean): string => field('ID', id(lease, hex));

/** A TTL that whole seconds do not hold stands there in milliseconds too. */
const ttlLines = (name: string, ms: number, granted_ms: number): string[] => [
  field(name, wholeSeconds(ms)),
  ...(isFine(granted_ms) ? [field(`${name}Ms`, ms)] : []),
];

const eventLines = ({ type, kv, prevKv }: WatchEvent, hex: boolean): string[] => [
  field('Type', type === 'put' ? 'PUT' : 'DELETE'),
  ...(prevKv === undefined ? [] : pairLines('Prev', prevKv, hex)),
  ...pairLines('', kv, hex),
];

function answerLines(response: OpResponse, hex: boolean): string[] {
  const header = headerLines(response.header, hex);
  const pairs = (kvs: readonly KeyValue[], prefix: '' | 'Prev'): string[] =>
    kvs.flatMap((kv) => pairLines(prefix, kv, hex));
  switch (response.type) {
    case 'get':
      return [...header, ...pairs(response.kvs, ''), field('More', response.more), field('Count', response.count)];
    case 'put':
      return [
        ...header,
        ...(response.lease === undefined ? [] : [field('Lease', response.lease)]),
        ...(response.prevKv === undefined ? [] : pairs([response.prevKv], 'Prev')),
      ];
    case 'delete':
      return [...header, field('Deleted', response.deleted), ...pairs(response.prevKvs, 'Prev')];
    case 'txn':
      return [
        ...header,
        field('Succeeded', response.succeeded),
        ...response.responses.flatMap((each) => answerLines(inner(each), hex)),
      ];
  }
}

const memberLines = (member: Member, hex: boolean): string[] => [
  field('ID', id(member.id, hex)),
  field('Name', quoteText(member.name)),
  ...member.peerUrls.map((url) => field('PeerURL', quoteText(url))),
  ...member.clientUrls.map((url) => field('ClientURL', quoteText(url))),
  field('IsLearner', member.isLearner),
  '',
];

const healthLines = ({ endpoint, health, took, error }: Health): string[] => [
  field('Endpoint', quoteText(endpoint)),
  field('Health', health),
  field('Took', took),
  field('Error', error),
  '',
];

/** RaftTerm stands here a second time: etcdctl has it so up to 3.6.14, and scripts read the last one. */
const statusLines = ({ endpoint, response: status }: At<StatusResponse>, hex: boolean): string[] => [
  ...headerLines(status.header, hex),
  field('Version', quoteText(status.version)),
  field('StorageVersion', quoteText(status.storageVersion)),
  field('DBSize', status.dbSize),
  field('DBSizeInUse', status.dbSizeInUse),
  field('DBSizeQuota', status.dbSizeQuota),
  field('Leader', status.leader),
  field('IsLearner', status.isLearner),
  field('RaftIndex', status.raftIndex),
  field('RaftTerm', status.raftTerm),
  field('RaftAppliedIndex', status.raftAppliedIndex),
  field('Errors', `[${status.errors.join(' ')}]`),
  field('Endpoint', quoteText(endpoint)),
  field('DowngradeTargetVersion', quoteText('')),
  field('DowngradeEnabled', false),
  ...Object.entries<number>({ ...status.vitals }).map(([name, value]) => field(name.replace(/^./, upperCase), value)),
  '',
];

const upperCase = (letter: string): string => letter.toUpperCase();

const hashLines = ({ endpoint, response }: At<HashKvResponse>, hex: boolean): string[] => [
  ...headerLines(response.header, hex),
  field('Endpoint', quoteText(endpoint)),
  field('Hash', response.hash),
  field('HashRevision', response.hashRevision),
  '',
];
