/** A whole cluster played by a script instead of chance: who reaches whom, who stops, what is asked, in what order. */
import './small-limits.js';
import type { RequestId } from '../../machines/language/commands.js';
import type { RaftEvent } from '../../machines/language/vocabulary.js';
import type { Answer } from '../../transport/ports.js';
import { type Cluster, type ClusterMember, type ClusterTwist, createCluster } from './cluster.js';
import type { Addressee } from './door.js';
import { must, SimulationFailure } from './failure.js';
import { controlled, settled } from './globals.js';
import type { Input } from './model.js';
import { requestOf } from './operations.js';

export interface Stage {
  readonly cluster: Cluster;
  /** Lets the world go on, until something fails. */
  pass(while_ms: number): Promise<void>;
  /** Lets the world go on, thing by thing, until `holds`; `what` is the check that it comes to that. */
  until(what: string, holds: () => boolean): Promise<void>;
  /** Lets the world go on until `work` is done. */
  done<T>(work: Promise<T>): Promise<T>;
  /** The one of them that leads and is asked, once there is one. */
  leader(among: readonly ClusterMember[]): Promise<ClusterMember>;
  /** Nothing passes between the members of different groups; within one everything does. */
  apart(...groups: readonly (readonly ClusterMember[])[]): void;
  /** Sent to whoever leads; gives what is known of its answer. */
  ask(input: Input, id?: RequestId): Sent;
  /** A write without an id. */
  put(key: string): Sent;
  /** A linearizable read of one key, sent to one member. */
  read(key: string, member: ClusterMember): Sent;
  /** Every entry that a client may know of is applied, and written, by these. */
  level(members: readonly ClusterMember[]): Promise<void>;
}

/** A question and the first answer that came to it. */
export interface Sent {
  readonly input: Input;
  answer: Answer | null;
}

const patience_ms = 20_000;

/** Plays it with three members, and gives what a check found. */
export async function playCluster(
  seed: number,
  twist: ClusterTwist | undefined,
  script: (stage: Stage) => Promise<void>,
): Promise<SimulationFailure | null> {
  const cluster = createCluster(seed, 3, twist === undefined ? {} : { twist });
  try {
    await controlled(cluster.world, async () => {
      for (const member of cluster.members) cluster.start(member);
      await script(stageOf(cluster));
    });
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    cluster.failure ??= error;
  }
  return cluster.failure;
}

/** A letter to a member's raft, as its rooms would post it. */
export const tellRaft = (member: ClusterMember, event: RaftEvent): void => member.node?.system.get('raft')?.send(event);

interface Cast {
  readonly leader: ClusterMember;
  /** Follows the leader. */
  readonly near: ClusterMember;
  /** Is cut off. */
  readonly far: ClusterMember;
}

/** A leader, a follower that has all it has, and one that is cut off from both and lacks what is written then. */
export async function onlyTwoHaveIt(stage: Stage): Promise<Cast> {
  const { members } = stage.cluster;
  const leader = await stage.leader(members);
  const [near, far] = members.filter((member) => member !== leader) as [ClusterMember, ClusterMember];
  await stage.level(members);
  stage.apart([leader, near], [far]);
  return { leader, near, far };
}

/** Writes go on until the leader's log does not reach the far one any more. */
export const trimBeyond = (stage: Stage, leader: ClusterMember, far: ClusterMember): Promise<void> =>
  stage.until('the log is trimmed beyond what the far one has', () => {
    if (stage.cluster.world.steps % 20 === 0) stage.put('a');
    return leader.witness.log.start.index > far.witness.log.last;
  });

function stageOf(cluster: Cluster): Stage {
  const { world, network, members, street, checks } = cluster;
  let written = 0;

  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const until_ms = world.now_ms() + patience_ms;
    while (!holds()) {
      if (cluster.failure !== null) throw cluster.failure;
      const happened = world.step(until_ms);
      must(happened, what, { within_ms: patience_ms });
      await settled();
    }
  };
  const pass = async (while_ms: number): Promise<void> => {
    const until_ms = world.now_ms() + while_ms;
    while (cluster.failure === null && world.step(until_ms)) await settled();
    if (cluster.failure !== null) throw cluster.failure;
  };
  const done = async <T>(work: Promise<T>): Promise<T> => {
    let over = false;
    const end = (): void => void (over = true);
    work.then(end, end);
    await until('work is done', () => over);
    return work;
  };
  const ask = (input: Input, id: RequestId | null = null, to: Addressee = 'leader'): Sent => {
    const sent: Sent = { input, answer: null };
    const question = { request: requestOf(input), id, timeout_ms: 2_000 };
    street.ask(to, question, (answer) => void (sent.answer ??= answer));
    return sent;
  };
  const applied = async (member: ClusterMember): Promise<number> =>
    member.kv === null ? -1 : (await done(member.kv.hashState())).applied;
  return {
    cluster,
    pass,
    until,
    done,
    async leader(among) {
      const found = (): ClusterMember | undefined =>
        among.find(({ role, name }) => role === 'leader' && street.leads(name));
      await until('a leader serves', () => found() !== undefined);
      return found() as ClusterMember;
    },
    apart(...groups) {
      network.heal();
      for (const group of groups) {
        for (const { name } of group) {
          for (const other of members) if (!group.includes(other)) network.cut(name, other.name);
        }
      }
    },
    ask,
    put: (key) => ask({ type: 'put', key, value: `written ${++written}` }),
    read: (key, { name }) => ask({ type: 'read', key, revision: 0, serializable: false }, null, { member: name }),
    async level(some) {
      for (;;) {
        await pass(20);
        const reached: number[] = [];
        for (const member of some) reached.push(await applied(member));
        if (checks.committed > 0 && reached.every((at) => at === checks.committed)) return;
      }
    },
  };
}
