/** One seed of the raft cluster: faults drawn by swarm, load all along, then peace, in which it must make progress. */
import { type Charts, controlled } from './globals.js';
import { SimulationFailure } from './failure.js';
import { disturb, drawKinds, endFaults, type Stage } from './faults.js';
import { createRaftCluster, type RaftCluster, type RaftTwist } from './raft-cluster.js';

export interface Report {
  readonly seed: number;
  readonly simulated_ms: number;
  readonly steps: number;
  readonly hash: number;
  readonly faults: readonly string[];
  readonly failure: SimulationFailure | null;
  readonly counts: Readonly<Record<string, number>>;
}

export interface RunOptions {
  readonly faulty_ms?: number;
  readonly twist?: RaftTwist;
  /** Instead of what the swarm would draw. */
  readonly kinds?: readonly string[];
  readonly charts?: Charts;
  /** Told each event by name, for people. */
  readonly tell?: (line: string) => void;
}

const peace_ms_max = 30_000;

export function runRaft(seed: number, options: RunOptions = {}): Promise<Report> {
  const size = seed % 4 === 0 ? 5 : 3;
  const cluster = createRaftCluster(seed, size, options.twist);
  const { world } = cluster;
  const stage = stageOf(cluster);
  const kinds = options.kinds ?? drawKinds(stage);
  return controlled(
    world,
    () => {
      for (const member of cluster.members) cluster.start(member);
      const tell = (what: string): void => options.tell?.(`${world.now_ms().toFixed(1).padStart(9)}  ${what}`);
      const faulty_ms = options.faulty_ms ?? 20_000;
      try {
        load(cluster, faulty_ms);
        disturb(stage, kinds, faulty_ms, tell);
        advance(cluster, faulty_ms);
        makePeace(cluster, stage, tell);
      } catch (error) {
        if (!(error instanceof SimulationFailure)) throw error;
        cluster.failure ??= error;
      }
      return {
        seed,
        simulated_ms: world.now_ms(),
        steps: world.steps,
        hash: world.hash,
        faults: kinds,
        failure: cluster.failure,
        counts: { ...cluster.counts, committed: cluster.checks.committed, terms: cluster.checks.terms },
      };
    },
    options.charts,
  );
}

function advance(cluster: RaftCluster, until_ms: number): void {
  while (cluster.failure === null && cluster.world.step(until_ms));
}

/** Proposals and reads, more where a leader's door is open. */
function load(cluster: RaftCluster, until_ms: number): void {
  const { world, members } = cluster;
  const pace_ms = world.chance.pick([3, 15, 60]);
  const again = (): void => {
    if (world.now_ms() >= until_ms) return;
    const doors = members.filter((member) => member.node?.door);
    const target =
      doors.length > 0 && world.chance.happens(0.9) ? world.chance.pick(doors) : world.chance.pick(members);
    if (world.chance.happens(0.6)) cluster.propose(target, world.chance.below(1, 5));
    else cluster.read(world.chance.happens(0.5) ? target : world.chance.pick(members));
    world.after(pace_ms * 2 * world.chance.fraction(), again);
  };
  world.after(0, again);
}

const ordinaryPace = { log_ms: 0.5, state_ms: 0.3, snapshot_ms: 10 };

/** The cluster as faults see it. */
function stageOf(cluster: RaftCluster): Stage {
  const { world, network, members } = cluster;
  return {
    world,
    network,
    actors: members.map((member) => ({
      name: member.name,
      life: () => member.node?.life ?? null,
      leads: () => member.node?.role === 'leader',
      start: () => cluster.start(member),
      stop: () => cluster.stop(member),
    })),
    others: {
      slowDisk: (chance) => {
        cluster.pace = {
          log_ms: chance.pick([0.5, 0.5, 5, 60]),
          state_ms: chance.pick([0.3, 10, 100]),
          snapshot_ms: chance.pick([5, 100, 1500]),
        };
        return JSON.stringify(cluster.pace);
      },
      // A leader wakes, does not know that it was deposed meanwhile, and is asked at once.
      wake: (chance) => {
        const leader = members.find(({ node }) => node?.role === 'leader');
        const life = leader?.node?.life;
        if (leader === undefined || life === undefined) return 'nobody leads';
        life.pause();
        world.after(chance.below(1000, 4000), () => {
          life.resume();
          if (leader.node?.life === life) cluster.read(leader);
        });
        return leader.name;
      },
      // From now on every new leader is asked as soon as it takes office.
      newcomer: () => {
        cluster.elected = (leader) => void world.after(0, () => cluster.read(leader));
        return 'asked at once';
      },
      // Leaders that fall as soon as they have taken office leave entries of many terms that nobody else has (figure
      // 8).
      coup: (chance) => {
        const until_ms = world.now_ms() + 3000;
        cluster.elected = (leader) => {
          if (world.now_ms() > until_ms) return;
          world.after(chance.below(1, 40), () => {
            if (leader.node?.role !== 'leader') return;
            cluster.stop(leader);
            world.after(chance.below(1, 800), () => {
              if (leader.node === null) cluster.start(leader);
            });
          });
        };
        return 'for 3 s';
      },
      transfer: (chance) => {
        const target = chance.happens(0.5) ? null : chance.pick(members).disk.id;
        for (const { node } of members) if (node?.role === 'leader') node.tell({ type: 'transfer.asked', target });
        return String(target);
      },
    },
  };
}

/**
 * No fault any more: within a bound of virtual time a write must reach every state, and every node must answer a read.
 */
function makePeace(cluster: RaftCluster, stage: Stage, tell: (what: string) => void): void {
  if (cluster.failure !== null) return;
  const { world, members } = cluster;
  endFaults(stage);
  cluster.pace = ordinaryPace;
  tell('peace');
  const began_ms = world.now_ms();
  const before = cluster.counts.acknowledged;
  for (;;) {
    for (const member of members) if (member.node?.door) cluster.propose(member, 1);
    advance(cluster, world.now_ms() + 250);
    if (cluster.failure !== null) return;
    const level = members.every((member) => member.disk.state.index === cluster.checks.committed);
    if (level && cluster.counts.acknowledged > before + 3) return;
    if (world.now_ms() - began_ms > peace_ms_max) {
      throw new SimulationFailure('the cluster makes progress once faults have stopped', {
        committed: cluster.checks.committed,
        members: members.map(({ disk, node }) => [disk.id, node?.role, disk.log.hardState.term, disk.state.index]),
      });
    }
  }
}
