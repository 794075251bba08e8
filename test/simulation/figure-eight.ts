/** The history of figure 8 of the Raft paper, played on purpose: chance finds it only now and then. */
import { limits } from '../../machines/language/limits.js';
import { must, SimulationFailure } from './failure.js';
import { controlled } from './globals.js';
import { createRaftCluster, type RaftCluster, type RaftMember, type RaftTwist } from './raft-cluster.js';

const patience_ms = 10_000;

/** Plays it with three members, and gives what a check found. */
export async function playFigureEight(seed: number, twist: RaftTwist = {}): Promise<SimulationFailure | null> {
  const small = limits as { entries_per_append_max: number };
  const usual = small.entries_per_append_max;
  // One entry a message, so that the old entry is acknowledged before the new leader's own.
  small.entries_per_append_max = 1;
  const cluster = createRaftCluster(seed, 3, twist);
  try {
    await controlled(cluster.world, () => play(cluster));
  } catch (error) {
    if (!(error instanceof SimulationFailure)) throw error;
    cluster.failure ??= error;
  } finally {
    small.entries_per_append_max = usual;
  }
  return cluster.failure;
}

function play(cluster: RaftCluster): void {
  const { world, members, network } = cluster;
  for (const member of members) cluster.start(member);
  // (a) A leader writes an entry that nobody else gets, and falls.
  const first = awaitLeader(cluster, members);
  while (first.node?.door === null) advance(cluster, 1);
  for (const other of members) if (other !== first) network.cut(first.name, other.name);
  cluster.propose(first, 1);
  advance(cluster, 20);
  cluster.stop(first);
  network.heal();
  // (b) Another is elected, writes the entry of its term, and falls before anybody has it.
  const rest = members.filter((member) => member !== first);
  cluster.elected = (leader) => rest.filter((member) => member !== leader).forEach((voter) => cluster.stop(voter));
  const second = awaitLeader(cluster, rest);
  cluster.elected = () => undefined;
  advance(cluster, 20);
  cluster.stop(second);
  const own = second.disk.log.last;
  must(own === first.disk.log.last, 'the script leaves two logs of different terms', {
    own,
    other: first.disk.log.last,
  });
  // (c) The first is elected again and spreads its old entry: a quorum holds it, and yet it is not safe.
  for (const member of members) if (member !== second) cluster.start(member);
  awaitLeader(cluster, [first]);
  const { committed } = cluster.checks;
  const until_ms = world.now_ms() + patience_ms;
  while (cluster.failure === null && cluster.checks.committed === committed) {
    must(world.now_ms() < until_ms, 'the third leader commits', {});
    advance(cluster, 1);
  }
}

function awaitLeader(cluster: RaftCluster, candidates: readonly RaftMember[]): RaftMember {
  const until_ms = cluster.world.now_ms() + patience_ms;
  for (;;) {
    const leader = candidates.find(({ node }) => node?.role === 'leader');
    if (leader !== undefined) return leader;
    must(cluster.world.now_ms() < until_ms, 'a leader is elected', {});
    advance(cluster, 1);
  }
}

function advance({ world, ...cluster }: RaftCluster, while_ms: number): void {
  const until_ms = world.now_ms() + while_ms;
  while (cluster.failure === null && world.step(until_ms));
}
