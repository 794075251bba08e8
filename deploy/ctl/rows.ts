/** Members and endpoints as rows of text: the table format shows them with their titles, the simple one without. */
import type { HashKvResponse, MemberListResponse, StatusResponse } from '../../client/types.js';
import type { At, Health } from './printer.js';
import { formatSize, percentUnused } from './sizes.js';

export interface Rows {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export const memberRows = ({ members }: MemberListResponse): Rows => ({
  titles: ['ID', 'STATUS', 'NAME', 'PEER ADDRS', 'CLIENT ADDRS', 'IS LEARNER'],
  rows: members.map((member) => [
    member.id.toString(16),
    member.name === '' ? 'unstarted' : 'started',
    member.name,
    member.peerUrls.join(','),
    member.clientUrls.join(','),
    String(member.isLearner),
  ]),
});

export const healthRows = (list: readonly Health[]): Rows => ({
  titles: ['ENDPOINT', 'HEALTH', 'TOOK', 'ERROR'],
  rows: list.map(({ endpoint, health, took, error }) => [endpoint, String(health), took, error]),
});

const statusTitles = [
  'ENDPOINT',
  'ID',
  'VERSION',
  'STORAGE VERSION',
  'DB SIZE',
  'IN USE',
  'PERCENTAGE NOT IN USE',
  'QUOTA',
  'IS LEADER',
  'IS LEARNER',
  'RAFT TERM',
  'RAFT INDEX',
  'RAFT APPLIED INDEX',
  'ERRORS',
  'DOWNGRADE TARGET VERSION',
  'DOWNGRADE ENABLED',
];

export const statusRows = (list: readonly At<StatusResponse>[]): Rows => ({
  titles: statusTitles,
  rows: list.map(({ endpoint, response: status }) => [
    endpoint,
    status.header.memberId.toString(16),
    status.version,
    status.storageVersion,
    formatSize(status.dbSize),
    formatSize(status.dbSizeInUse),
    percentUnused(status.dbSize, status.dbSizeInUse),
    formatSize(status.dbSizeQuota),
    String(status.leader === status.header.memberId),
    String(status.isLearner),
    String(status.raftTerm),
    String(status.raftIndex),
    String(status.raftAppliedIndex),
    status.errors.join(', '),
    '',
    'false',
  ]),
});

export const hashRows = (list: readonly At<HashKvResponse>[]): Rows => ({
  titles: ['ENDPOINT', 'HASH', 'HASH REVISION'],
  rows: list.map(({ endpoint, response }) => [endpoint, String(response.hash), String(response.hashRevision)]),
});
