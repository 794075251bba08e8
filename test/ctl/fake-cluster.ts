/** A cluster that answers what it is given and remembers what it was asked. */
import type { MemberListResponse, ResponseHeader, StatusResponse } from '../../client/types.js';
import type { ClusterAccess } from '../../deploy/ctl/cluster.js';
import { runCommandLine } from '../../deploy/ctl/run.js';
import { scriptedTerminal } from './scripted-terminal.js';

export const header: ResponseHeader = {
  clusterId: 14841639068965178418n,
  memberId: 10276657743932975437n,
  revision: 13,
  raftTerm: 2,
  raftIndex: 20,
};

const members: MemberListResponse = {
  header,
  members: ['n1', 'n2', 'n3'].map((name, place) => ({
    id: 0x8211f1d0f64f3269n + BigInt(place),
    name,
    peerUrls: [`nats:_quorate.quorate.peer.${name}`],
    clientUrls: [],
    isLearner: place === 2,
  })),
};

export const status: StatusResponse = {
  header,
  name: 'n1',
  version: '0.1.0',
  storageVersion: '3.6.0',
  dbSize: 24576,
  dbSizeInUse: 16384,
  dbSizeQuota: 2147483648,
  leader: header.memberId,
  raftIndex: 8,
  raftTerm: 2,
  raftAppliedIndex: 8,
  isLearner: false,
  errors: [],
  role: 'leader',
  revision: 13,
};

const unexpected = (what: string) => async (): Promise<never> => {
  throw new Error(`the test did not expect ${what}`);
};

export function fakeCluster(answers: Partial<ClusterAccess> = {}): ClusterAccess {
  return {
    get: unexpected('get'),
    put: unexpected('put'),
    delete: unexpected('delete'),
    txn: unexpected('txn'),
    compact: unexpected('compact'),
    memberList: async () => members,
    status: async () => status,
    hashKv: async () => ({ header, hash: 2064120424, compactRevision: -1, hashRevision: 13 }),
    lease: {
      grant: unexpected('lease grant'),
      revoke: unexpected('lease revoke'),
      keepAliveOnce: unexpected('lease keep-alive'),
      keepAlive: () => {
        throw new Error('the test did not expect lease keep-alive');
      },
      timeToLive: unexpected('lease timetolive'),
      list: unexpected('lease list'),
    },
    watch: () => {
      throw new Error('the test did not expect watch');
    },
    lock: unexpected('lock'),
    campaign: unexpected('campaign'),
    observe: () => {
      throw new Error('the test did not expect observe');
    },
    close: async () => undefined,
    ...answers,
  };
}

export interface Said {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

export interface Circumstances {
  readonly cluster?: Partial<ClusterAccess>;
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a command line against a fake cluster. */
export async function say(words: readonly string[], circumstances: Circumstances = {}): Promise<Said> {
  const terminal = scriptedTerminal(circumstances.stdin);
  const code = await runCommandLine(words, {
    terminal,
    environment: circumstances.environment ?? {},
    connect: async () => fakeCluster(circumstances.cluster),
  });
  return { stdout: terminal.stdout().toString(), stderr: terminal.stderr(), code };
}
