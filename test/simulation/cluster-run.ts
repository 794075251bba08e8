/**
 * One seed of the whole cluster: clients ask, faults come, then peace; at the end the history and the states are
 * judged.
 */
// First: the rest reads these limits when it is loaded.
import { request_window } from './small-limits.js';
import { oldestForgotten } from '../../store/requests.js';
import { checkHistory, type Recorded } from './checker.js';
import { startClients, type ClientSettings } from './clients.js';
import { type Cluster, type ClusterTwist, createCluster } from './cluster.js';
import { must, SimulationFailure } from './failure.js';
import { comeBack, disturb, drawKinds, endFaults, type Stage } from './faults.js';
import { type Charts, controlled, settled } from './globals.js';
import { createHistory, type History } from './history.js';
import type { Report } from './raft-run.js';
import { type Sessions, startSessions } from './sessions.js';
import type { Truth } from './truth.js';

/**
 * busy: clients that hardly rest, for a short time. calm: a few calls a second, as where locks and configuration live,
 * for a long time; what happens between the calls has its turn.
 */
export type Pace = 'busy' | 'calm';

export interface ClusterRunOptions {
  /** Default: busy. */
  readonly pace?: Pace;
  readonly faulty_ms?: number;
  /** Instead of what the swarm would draw. */
  readonly kinds?: readonly string[];
  readonly twist?: ClusterTwist;
  readonly charts?: Charts;
  readonly clients?: Partial<ClientSettings>;
  /** How many of the product's own clients; by default none, one or two. */
  readonly sessions?: number;
  readonly tell?: (line: string) => void;
}

const peace_ms_max = 30_000;
/** A quarter of the clusters has the product's own clients beside the usual load. */
const USUAL_SESSIONS = [0, 0, 0, 0, 0, 0, 1, 2] as const;
const usual_faulty_ms: Readonly<Record<Pace, number>> = { busy: 10_000, calm: 60_000 };
const pauses_ms: Readonly<Record<Pace, readonly number[]>> = { busy: [10, 30, 100], calm: [200, 600, 2000] };

export function runCluster(seed: number, options: ClusterRunOptions = {}): Promise<Report> {
  must(oldestForgotten(2 * request_window) === request_window, 'the small limits were there before the store', {});
  const pace = options.pace ?? 'busy';
  let tell = (_what: string): void => undefined;
  const cluster = createCluster(seed, seed % 5 === 0 ? 5 : 3, {
    ...(options.twist === undefined ? {} : { twist: options.twist }),
    ...(options.tell === undefined ? {} : { tell: (line) => tell(line) }),
  });
  const { world } = cluster;
  tell = (what) => options.tell?.(`${world.now_ms().toFixed(1).padStart(9)}  ${what}`);
  const stage = stageOf(cluster);
  const kinds = options.kinds ?? drawKinds(stage);
  const history = createHistory();
  return controlled(
    world,
    async () => {
      for (const member of cluster.members) cluster.start(member);
      const load = startClients(world, cluster.street, history, { ...drawClients(cluster, pace), ...options.clients });
      const sessions = startSessions(cluster, options.sessions ?? world.chance.pick(USUAL_SESSIONS));
      const faulty_ms = options.faulty_ms ?? usual_faulty_ms[pace];
      let undecided = 0;
      try {
        disturb(stage, kinds, faulty_ms, tell);
        await advance(cluster, faulty_ms);
        endFaults(stage);
        makeDisksWhole(cluster);
        tell('peace');
        await makeProgress(cluster, load.counts);
        load.stop();
        sessions.stop();
        await settleSessions(cluster, sessions);
        undecided = await agree(cluster, history);
        sessions.judge(kinds.includes('drift') ? drift_max : 1);
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
        counts: {
          ...load.counts,
          ...sessions.counts,
          entries: cluster.truth.length,
          revision: cluster.truth.state.revision,
          ...cluster.truth.counts,
          ...cluster.counts,
          terms: cluster.checks.terms,
          undecided,
        },
      };
    },
    options.charts,
  );
}

/** By how much a node's clock may be fast (faults.ts). */
const drift_max = 1.4;

/** Nobody renews a lease any more, and nothing new happens but their ends: all of it ends, and is seen. */
async function settleSessions(cluster: Cluster, sessions: Sessions): Promise<void> {
  const { world, truth } = cluster;
  const until_ms = world.now_ms() + peace_ms_max;
  do await advance(cluster, world.now_ms() + 500);
  while (!sessions.isDone() && world.now_ms() < until_ms);
  must(sessions.isDone(), 'leases end once nobody renews them, and watchers see everything', {
    leases: [...truth.leases],
    revision: truth.state.revision,
  });
}

const drawClients = ({ world: { chance } }: Cluster, pace: Pace): ClientSettings => ({
  clients: chance.pick([2, 5, 8]),
  pause_ms: chance.pick(pauses_ms[pace]),
  timeout_ms: chance.pick([100, 400, 1500]),
  deadline_ms: chance.pick([500, 3000]),
  ids: chance.happens(0.8),
  compactions: chance.happens(0.7),
});

/** Runs the world; after each thing that happened, every promise that can settle does. */
async function advance(cluster: Cluster, until_ms: number): Promise<void> {
  while (cluster.failure === null && cluster.world.step(until_ms)) await settled();
  if (cluster.failure !== null) throw cluster.failure;
}

/**
 * Faults have stopped: within a bound of virtual time clients are answered again, and all members have the same state.
 */
async function makeProgress(cluster: Cluster, counts: { answered: number }): Promise<void> {
  const { world, members } = cluster;
  const began_ms = world.now_ms();
  const before = counts.answered;
  for (;;) {
    await advance(cluster, world.now_ms() + 200);
    const serving = members.every((member) => member.node !== null && !member.leaving);
    if (serving && counts.answered > before + 10 && world.now_ms() - began_ms > 1000) return;
    if (world.now_ms() - began_ms < peace_ms_max) continue;
    throw new SimulationFailure('the cluster makes progress once faults have stopped', {
      answered: counts.answered - before,
      members: members.map(({ name, role, node }) => [name, node === null ? 'down' : role]),
    });
  }
}

/**
 * Nobody asks any more: histories and states must fit together. Gives how many histories were too much to be decided
 * upon, which is neither a pass nor a failure.
 */
async function agree(cluster: Cluster, history: History): Promise<number> {
  const { world, members, truth } = cluster;
  const until_ms = world.now_ms() + peace_ms_max;
  for (;;) {
    const hashes: (readonly [string, { readonly applied: number; readonly hash: number }])[] = [];
    for (const { name, kv } of members) {
      // Not awaited: it may stand behind a write that takes its time. One that is ending has closed its store.
      kv?.hashState().then(
        (state) => hashes.push([name, state]),
        () => undefined,
      );
    }
    await advance(cluster, world.now_ms() + 500);
    for (const [name, { applied, hash }] of hashes) truth.compareState(name, applied, hash);
    if (hashes.length === members.length && new Set(hashes.map(([, { applied }]) => applied)).size === 1) break;
    const facts = { applied: hashes.map(([name, { applied }]) => [name, applied]) };
    if (world.now_ms() > until_ms) throw new SimulationFailure('all members reach the same state', facts);
  }
  for (const read of history.local) truth.judgeRead(read);
  for (const tag of history.refused) must(truth.made(tag) === null, 'what was refused was not done', { tag });
  const operations = withOthers(
    truth,
    history.operations((tag) => truth.made(tag)),
  );
  const verdict = checkHistory(operations);
  if (!verdict.ok) {
    if (verdict.reason === 'undecided') return 1;
    throw new SimulationFailure(`linearizable: ${verdict.reason}`, {
      explained: verdict.explained,
      of: operations.length,
      stuck: verdict.stuck.slice(0, 6),
    });
  }
  return 0;
}

/** With what others changed: operations that nobody was answered, each at its revision. */
function withOthers({ foreign }: Truth, recorded: readonly Recorded[]): readonly Recorded[] {
  const others = foreign.map(({ revision, input }, id): Recorded => {
    // Before all that was recorded: it may have happened at any time.
    return { id, client: 'others', input, called: id - foreign.length, answered: null, made: revision };
  });
  return [...others, ...recorded.map((operation) => ({ ...operation, id: operation.id + foreign.length }))];
}

function makeDisksWhole(cluster: Cluster): void {
  for (const { disk } of cluster.members) {
    disk.full = false;
    disk.broken = false;
    disk.pace = { write_ms: 0.03, sync_ms: 0.3, stall: 0, stall_ms: 0 };
  }
}

function stageOf(cluster: Cluster): Stage {
  const { world, network, members } = cluster;
  const memberOf = (name: string) => members.find((member) => member.name === name);
  return {
    world,
    network,
    actors: members.map((member) => ({
      name: member.name,
      life: () => member.life,
      leads: () => member.role === 'leader',
      start: () => cluster.start(member),
      stop: (powerLoss) => cluster.stop(member, powerLoss),
    })),
    others: {
      leave: (_chance, victim) => {
        const member = memberOf(victim.name);
        const { node, life } = member ?? {};
        life?.reach(() => {
          if (member !== undefined) member.leaving = true;
          void node?.stop().then(() => comeBack({ world }, victim));
        });
        return `${victim.name} in good order`;
      },
      slowDisk: (chance, victim) => {
        const member = memberOf(victim.name);
        const pace = {
          write_ms: chance.pick([0.03, 0.3]),
          sync_ms: chance.pick([0.3, 3, 40]),
          stall: chance.pick([0, 0.001, 0.02]),
          stall_ms: chance.pick([100, 800, 3000]),
        };
        if (member !== undefined) member.disk.pace = pace;
        return `${victim.name} ${JSON.stringify(pace)}`;
      },
      brokenDisk: (chance, victim) => {
        const member = memberOf(victim.name);
        if (member === undefined) return '';
        const full = chance.happens(0.5);
        member.excused = true;
        if (full) member.disk.full = true;
        else member.disk.broken = true;
        world.after(chance.below(500, 3000), () => {
          member.disk.full = false;
          member.disk.broken = false;
          if (member.life === null) cluster.start(member);
        });
        return `${victim.name} ${full ? 'is full' : 'fails a sync'}`;
      },
    },
  };
}
