/** One seed of the raft cluster: faults drawn by swarm, load all along, then peace, in which it must make progress. */
import { controlled } from './globals.js';
import { SimulationFailure } from './failure.js';
import { fairWeather, partition } from './network.js';
import { createRaftCluster, type RaftCluster, type RaftMember, type RaftTwist } from './raft-cluster.js';
import type { Chance } from './chance.js';

export interface Report {
  readonly seed: number;
  readonly simulated_ms: number;
  readonly steps: number;
  readonly hash: number;
  readonly faults: readonly string[];
  readonly failure: SimulationFailure | null;
  readonly counts: Readonly<Record<string, number>>;
}

const faultKinds = ['crash', 'crashAll', 'pause', 'partition', 'weather', 'drift', 'slowDisk', 'transfer'] as const;
type FaultKind = (typeof faultKinds)[number];

export interface RunOptions {
  readonly faulty_ms?: number;
  readonly twist?: RaftTwist;
  /** Told each event by name, for people. */
  readonly tell?: (line: string) => void;
}

const peace_ms_max = 30_000;

export function runRaft(seed: number, options: RunOptions = {}): Promise<Report> {
  const size = seed % 4 === 0 ? 5 : 3;
  const cluster = createRaftCluster(seed, size, options.twist);
  const { world } = cluster;
  const kinds = faultKinds.filter(() => world.chance.happens(0.5));
  return controlled(world, () => {
    for (const member of cluster.members) cluster.start(member);
    const tell = (what: string): void => options.tell?.(`${world.now_ms().toFixed(1).padStart(9)}  ${what}`);
    const faulty_ms = options.faulty_ms ?? 20_000;
    try {
      load(cluster, faulty_ms);
      disturb(cluster, kinds, faulty_ms, tell);
      advance(cluster, faulty_ms);
      makePeace(cluster, tell);
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
      counts: { ...cluster.counts, committed: cluster.checks.committed },
    };
  });
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

function disturb(
  cluster: RaftCluster,
  kinds: readonly FaultKind[],
  until_ms: number,
  tell: (what: string) => void,
): void {
  const { world } = cluster;
  const mean_ms = world.chance.pick([300, 1000, 2500]);
  const again = (): void => {
    if (world.now_ms() >= until_ms || kinds.length === 0) return;
    tell(inject(cluster, world.chance.pick(kinds), world.chance));
    world.after(mean_ms * 2 * world.chance.fraction(), again);
  };
  world.after(mean_ms, again);
}

function inject(cluster: RaftCluster, kind: FaultKind, chance: Chance): string {
  const { members, network, world } = cluster;
  const leader = members.find((member) => member.node?.role === 'leader');
  const victim = leader !== undefined && chance.happens(0.4) ? leader : chance.pick(members);
  const back = (member: RaftMember): void => {
    world.after(chance.pick([1, 200, 3000]) * chance.fraction(), () => {
      if (member.node === null) cluster.start(member);
    });
  };
  switch (kind) {
    case 'crash':
      cluster.stop(victim);
      back(victim);
      return `crash ${victim.name}`;
    case 'crashAll':
      for (const member of members) {
        cluster.stop(member);
        back(member);
      }
      return 'crash all';
    case 'pause': {
      const life = victim.node?.life;
      life?.pause();
      world.after(chance.pick([20, 800, 4000]) * chance.fraction(), () => life?.resume());
      return `pause ${victim.name}`;
    }
    case 'partition':
      network.heal();
      return chance.happens(0.3)
        ? 'heal'
        : `partition ${partition(
            world,
            network,
            members.map((one) => one.name),
          )}`;
    case 'weather':
      network.weather = chance.happens(0.3)
        ? fairWeather
        : {
            delay_ms: chance.pick([0.2, 5, 40]),
            jitter_ms: chance.pick([0.5, 20, 150]),
            drop: chance.pick([0, 0.02, 0.2, 0.5]),
            repeat: chance.pick([0, 0.1, 0.5]),
            late: chance.pick([0, 0.02, 0.2]),
            late_ms: chance.pick([500, 3000, 10_000]),
          };
      return `weather ${JSON.stringify(network.weather)}`;
    case 'drift':
      victim.node?.life.drift(chance.pick([0.7, 0.95, 1, 1.05, 1.4]));
      return `drift ${victim.name}`;
    case 'slowDisk':
      cluster.pace = {
        log_ms: chance.pick([0.5, 0.5, 5, 60]),
        state_ms: chance.pick([0.3, 10, 100]),
        snapshot_ms: chance.pick([5, 100, 1500]),
      };
      return `pace ${JSON.stringify(cluster.pace)}`;
    case 'transfer':
      leader?.node?.tell({ type: 'transfer.asked', target: chance.happens(0.5) ? null : chance.pick(members).disk.id });
      return 'transfer';
  }
}

/** No fault any more: within a bound of virtual time a write must reach every state, and every node must answer a read. */
function makePeace(cluster: RaftCluster, tell: (what: string) => void): void {
  if (cluster.failure !== null) return;
  const { world, members, network } = cluster;
  network.heal();
  network.weather = fairWeather;
  cluster.pace = { log_ms: 0.5, state_ms: 0.3, snapshot_ms: 10 };
  for (const member of members) {
    if (member.node === null) cluster.start(member);
    member.node?.life.resume();
    member.node?.life.drift(1);
  }
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
