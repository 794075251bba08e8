/** Every NATS subject of the house, as functions, and what a name must look like to stand in one. */
import { limits } from '../machines/language/limits.js';
import { hex16 } from '../machines/language/bytes.js';
import { badRequest } from '../machines/language/errors.js';
import type { Drill } from '../machines/language/inspection.js';
import type { MemberId } from '../machines/language/vocabulary.js';
import type { Operation } from './ports.js';

const NAME = new RegExp(`^[A-Za-z0-9_-]{1,${limits.name_length_max}}$`);

/** What a name must be, in words: for errors and help texts. */
const NAME_RULE = '1 to 32 of the characters A-Z a-z 0-9 _ -';

/** A cluster's or member's name is one token of a subject. Throws InvalidArgument saying what would be right. */
export function checkName(kind: 'cluster name' | 'member name', name: string): string {
  if (NAME.test(name)) return name;
  throw badRequest(`${kind} ${JSON.stringify(name.slice(0, 64))} is not valid: it must be ${NAME_RULE}`);
}

/* ---- clients --------------------------------------------------------------------------------------------------- */

/** What can be asked at a door: an operation, several requests in one message, or what is answered without end. */
export type Endpoint = Operation | 'batch' | 'batch.read' | 'watch.create' | 'inspect.start' | DrillEndpoint;
type DrillEndpoint = `drill.${Drill}`;

/** What only a leader serves on the cluster's own subjects; see nats-door.ts for reads. */
export const LEADER_ENDPOINTS = [
  'kv.range',
  'kv.put',
  'kv.delete',
  'kv.txn',
  'kv.compact',
  'lease.grant',
  'lease.revoke',
  'lease.keepalive',
  'lease.timetolive',
  'lock.lock',
  'lock.unlock',
  'election.campaign',
  'election.proclaim',
  'election.leader',
  'election.observe',
  'election.resign',
  'batch',
] as const satisfies readonly Endpoint[];
/** What any member that hears a leader serves on the cluster's own subjects. */
export const MEMBER_ENDPOINTS = [
  'batch.read',
  'lease.list',
  'cluster.list',
  'maintenance.status',
  'maintenance.hashkv',
  'watch.create',
  'watch.history',
] as const satisfies readonly Endpoint[];

export const isDrillEndpoint = (endpoint: Endpoint): endpoint is DrillEndpoint => endpoint.startsWith('drill.');

export const drillOf = (endpoint: DrillEndpoint): Drill => endpoint.slice('drill.'.length) as Drill;

const isOperation = (endpoint: Endpoint): endpoint is Operation =>
  !['batch', 'batch.read', 'watch.create', 'inspect.start'].includes(endpoint) && !isDrillEndpoint(endpoint);

export const OPERATIONS: readonly Operation[] = [...LEADER_ENDPOINTS, ...MEMBER_ENDPOINTS].filter(isOperation);

/** `<cluster>.kv.put`, `<cluster>.batch`, …: whoever serves it. */
export const clusterSubject = (cluster: string, endpoint: Endpoint): string => `${cluster}.${endpoint}`;

/** `<cluster>.member.<name>.kv.put`, …: one member, by name. */
export const memberSubject = (cluster: string, member: string, endpoint: Endpoint): string =>
  `${cluster}.member.${member}.${endpoint}`;

/** Where a stream of watches, or an inspection, is spoken to, at the member that it hangs on. */
export const watchSubject = (cluster: string, member: string, session: string): string =>
  `${cluster}.member.${member}.watch.${session}`;

/** The event feed: a key's tokens (machines/event-feed.ts). */
export const eventSubject = (cluster: string, tokens: readonly string[]): string =>
  `${cluster}.events.${tokens.join('.')}`;

/** Each second, how far the event feed is. */
export const beatSubject = (cluster: string): string => `${cluster}.beat`;

/**
 * The queue group of one term's leader. [safety] Terms never share a group, so no request crosses from one to the
 * next.
 */
export const leaderGroup = (member: string, term: number): string => `${member}-${term}`;

/** The queue group of the members that hear a leader. */
export const MEMBERS_GROUP = 'members';

/* ---- peers ----------------------------------------------------------------------------------------------------- */

export const CHANNELS = ['control', 'bulk', 'snapshot'] as const;
export type Channel = (typeof CHANNELS)[number];

export const peerSubject = (cluster: string, id: MemberId, channel: Channel): string =>
  `_quorate.${cluster}.peer.${hex16(id)}.${channel}`;

export const birthSubject = (cluster: string, name: string): string => `_quorate.${cluster}.birth.${name}`;

/** What a connection says to itself, to know that it is heard. */
export const probeSubject = (cluster: string, id: MemberId, what: Channel | 'door', nonce: string): string =>
  `_quorate.${cluster}.probe.${hex16(id)}.${what}.${nonce}`;
