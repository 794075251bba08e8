/**
 * A whole cluster in one process: real nodes on real store and transport code, over simulated disks, clocks and
 * weather.
 */
import './small-limits.js';
import type { EventObject } from 'xstate';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import type { Effect, MemberId, Role } from '../../machines/language/vocabulary.js';
import { dispatch, type System } from '../../actors/mail.js';
import { startNode, type RunningNode } from '../../actors/node.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { FileIdentity } from '../../store/identity.js';
import { MvccStore } from '../../store/mvcc.js';
import { DamagedError, type Disk, type EngineFactory, type KvStore } from '../../store/ports.js';
import { RaftLog } from '../../store/raft-log.js';
import { StateDirectories } from '../../store/snapshot.js';
import { MemoryNetwork } from '../../transport/memory-network.js';
import { MemoryDoor } from '../../transport/memory-door.js';
import { MemoryPeers } from '../../transport/memory-peers.js';
import { stillVitals } from '../model/still-vitals.js';
import { bothDoors } from './both-doors.js';
import { type ClusterWitness, createClusterWitness } from './cluster-witness.js';
import { createDisk, type SimulatedDisk } from './disk.js';
import { clients, createStreet, type Street } from './door.js';
import { SimulationFailure } from './failure.js';
import { createLife, type Life } from './life.js';
import { createNetwork, type Network } from './network.js';
import { createRaftChecks, type RaftChecks } from './raft-checks.js';
import { createTruth, replace, type Truth } from './truth.js';
import { createWorld, type World } from './world.js';

/** One thing of the honest system replaced by a broken one, in one life of a member. */
export interface LifeTwist {
  readonly machine?: typeof raftMachine;
  /** The identity that an empty directory draws. */
  readonly identity?: MemberId;
  readonly disk?: (disk: Disk) => Disk;
  /** The engines of the state, and those that snapshots are received into. */
  readonly engines?: (engines: EngineFactory, of: 'state' | 'snapshots') => EngineFactory;
  readonly ports?: (ports: NodePorts) => NodePorts;
  /** What becomes of an effect of raft before it is carried out. */
  readonly effects?: (effect: Effect) => readonly Effect[];
  /** What is delivered in place of a letter to a room. */
  readonly mail?: (to: string, letter: EventObject) => readonly EventObject[];
}
export type ClusterTwist = (member: string) => LifeTwist;

export interface ClusterMember {
  readonly name: string;
  /** What a script replaces when somebody wipes the directory. */
  disk: SimulatedDisk;
  engines: MemoryEngineFactory;
  life: Life | null;
  node: RunningNode | null;
  kv: KvStore | null;
  peers: MemoryPeers | null;
  door: MemoryDoor | null;
  role: Role;
  readonly witness: ClusterWitness;
  /** The voters of the configuration in force at it; null until it has one. */
  voters: readonly MemberId[] | null;
  /** It was told to leave in good order. */
  leaving: boolean;
  /** Its disk was made to fail, or altered behind its back: a life may end of it. */
  excused: boolean;
  damaged: boolean;
}

export interface Cluster {
  readonly world: World;
  readonly network: Network;
  readonly street: Street;
  readonly truth: Truth;
  readonly checks: RaftChecks;
  readonly counts: { lives: number; installed: number; restored: number };
  readonly members: readonly ClusterMember[];
  /** What members and the product's clients say to each other. */
  readonly switchboard: MemoryNetwork;
  /** Something went wrong that must not. */
  fail(error: unknown): void;
  failure: SimulationFailure | null;
  start(member: ClusterMember): void;
  stop(member: ClusterMember, powerLoss: boolean): void;
}

export interface ClusterOptions {
  readonly twist?: ClusterTwist;
  readonly tell?: (line: string) => void;
}

/** How soon a log is trimmed: a short one makes snapshots, a long one makes appends. */
const drawTrims = ({ chance }: World): Trims =>
  chance.pick([
    { log_entries_before_trim: 12, log_entries_kept: 3 },
    { log_entries_before_trim: 30, log_entries_kept: 10 },
    { log_entries_before_trim: 80, log_entries_kept: 20 },
  ]);
type Trims = Pick<NodeSettings, 'log_entries_before_trim' | 'log_entries_kept'>;

const settingsOf = (name: string, names: readonly string[], trims: Trims): NodeSettings => ({
  name,
  cluster_name: 'simulated',
  initial_members: names,
  version: '0.1.0',
  tick_ms: 50,
  heartbeat_ticks: 2,
  election_ticks: 10,
  request_bytes_max: 1 << 20,
  txn_ops_max: 128,
  quota_bytes: 0,
  ...trims,
  auto_compaction: { mode: 'off' },
  min_lease_ttl_ms: 100,
  watch_progress_ms: 600_000,
  event_feed: true,
});

/** What becomes of the effects of raft in one node. */
const carriers = new WeakMap<System, (effects: readonly Effect[]) => void>();
const raftRooms = new WeakMap<typeof raftMachine, typeof raftMachine>();

/** The chart with its effects wired. Built once and not for each life: to build it costs as much as many steps. */
function raftOf(machine: typeof raftMachine): typeof raftMachine {
  const known = raftRooms.get(machine);
  if (known !== undefined) return known;
  const room = machine.provide({
    actions: { ready: ({ system }, { effects }) => carriers.get(system as System)?.(effects) },
  });
  raftRooms.set(machine, room);
  return room;
}

export function createCluster(seed: number, size: number, options: ClusterOptions = {}): Cluster {
  const world = createWorld(seed);
  const network = createNetwork(world);
  const street = createStreet(world, network);
  const truth = createTruth(() => world.now_ms());
  const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const members = names.map((name): ClusterMember => ({
    name,
    disk: createDisk(world),
    engines: new MemoryEngineFactory(),
    life: null,
    node: null,
    kv: null,
    peers: null,
    door: null,
    role: 'follower',
    witness: createClusterWitness(),
    voters: null,
    leaving: false,
    excused: false,
    damaged: false,
  }));
  const switchboard = createSwitchboard(world, network, members);
  const trims = drawTrims(world);
  const checks = createRaftChecks(
    () => members.map((member) => member.witness),
    (by) => members.find(({ witness }) => witness === by)?.voters ?? members.map(({ witness }) => witness.id),
  );
  const fail = (error: unknown): void => {
    cluster.failure ??=
      error instanceof SimulationFailure
        ? error
        : new SimulationFailure('a node failed', { error: error instanceof Error ? error.stack : String(error) });
  };
  const judge = (check: () => void): void => {
    try {
      check();
    } catch (error) {
      fail(error);
    }
  };

  const observe = (member: ClusterMember, effect: Effect): void => {
    if (effect.type === 'apply') judge(() => checks.applied(member.witness, effect.entries));
    if (effect.type === 'answerRead') judge(() => member.witness.readAnswered(effect.id, effect.index));
    if (effect.type !== 'announce') return;
    member.role = effect.role;
    member.voters = effect.configuration.voters.map(({ id }) => id);
    world.note(effect.role, effect.term);
    options.tell?.(`${member.name} ${effect.role} in term ${effect.term}`);
    judge(() => checks.announced(member.witness, effect.role, effect.term));
  };
  const cluster: Cluster = {
    world,
    network,
    street,
    truth,
    checks,
    counts: { lives: 0, installed: 0, restored: 0 },
    members,
    switchboard,
    fail,
    failure: null,
    start(member) {
      const life = createLife(world);
      const twist = options.twist?.(member.name) ?? {};
      cluster.counts.lives++;
      const ports = member.witness.watch(
        portsOf(cluster, member, life, switchboard, twist, options.tell),
        checks,
        judge,
      );
      member.life = life;
      member.leaving = false;
      member.kv = ports.kv;
      const node = startNode(ports, settingsOf(member.name, names, trims), raftOf(twist.machine ?? raftMachine));
      member.node = node;
      if (twist.mail !== undefined) intercept(node.system, twist.mail);
      carriers.set(node.system, (effects) => {
        if (life.state === 'over') return;
        for (const effect of effects) {
          for (const done of twist.effects?.(effect) ?? [effect]) {
            observe(member, done);
            dispatch(node.system, done);
          }
        }
      });
      void node.closed.then((ending) => {
        if (life.state === 'over') return;
        options.tell?.(`${member.name} ended: ${ending.ok ? 'ok' : String(ending.error)}`);
        cluster.stop(member, world.chance.happens(0.5));
        if (!ending.ok && !isExcused(member, ending.error)) fail(ending.error);
      });
    },
    stop(member, powerLoss) {
      member.life?.end();
      void member.peers?.close();
      void member.door?.close();
      [member.life, member.node, member.kv, member.role] = [null, null, null, 'follower'];
      [member.peers, member.door] = [null, null];
      if (powerLoss) member.disk.losePower();
      else member.disk.kill();
      member.engines.crash((unsynced) => (powerLoss ? world.chance.below(0, unsynced + 1) : unsynced));
    },
  };
  return cluster;
}

/** Every letter that goes by a room's address is looked at. */
function intercept(system: System, mail: NonNullable<LifeTwist['mail']>): void {
  const original = system.get.bind(system);
  system.get = (address) => {
    const room = original(address);
    if (room === undefined) return undefined;
    return {
      send: (letter) => {
        for (const given of mail(address, letter)) room.send(given);
      },
    };
  };
}

const isExcused = (member: ClusterMember, error: unknown): boolean =>
  (member.excused && isDiskTrouble(error)) || (member.damaged && error instanceof DamagedError);

/** A failed sync or a full disk, at the bottom of the error. */
function isDiskTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isDiskTrouble);
  const { code } = error as { code?: unknown };
  return code === 'EIO' || code === 'ENOSPC' || isDiskTrouble(error.cause);
}

function createSwitchboard(world: World, network: Network, members: readonly ClusterMember[]): MemoryNetwork {
  const schedule = ({ from, to }: { from: string; to: string }, deliver: () => void): void => {
    for (const delay_ms of network.deliveries(from, to)) {
      world.after(delay_ms, () => {
        world.note(to);
        if (to === clients) return deliver();
        members.find((member) => member.name === to)?.life?.reach(deliver);
      });
    }
  };
  return new MemoryNetwork({ clock: createLife(world).clock, policy: { schedule } });
}

function portsOf(
  { world, street, truth, counts }: Cluster,
  member: ClusterMember,
  life: Life,
  switchboard: MemoryNetwork,
  twist: LifeTwist,
  tell: ClusterOptions['tell'],
): NodePorts {
  const { name } = member;
  const mounted = member.disk.mount(life);
  const disk = twist.disk?.(mounted) ?? mounted;
  const engines = (of: 'state' | 'snapshots'): EngineFactory => twist.engines?.(member.engines, of) ?? member.engines;
  member.engines.beforeWrite = (_directory, sync) => member.disk.wait(life, sync);
  const drawn = world.chance.bytes(8).reduce((id, byte) => (id << 8n) | BigInt(byte), 0n);
  const nobodyElse = { acquire: () => Promise.resolve(), release: () => Promise.resolve() };
  const kv = new MvccStore(engines('state'), life.clock);
  kv.journal_bytes_before_fold = 2_000;
  const peers = new MemoryPeers(switchboard, life.clock);
  member.peers = peers;
  const door = new MemoryDoor(switchboard, life.clock);
  member.door = door;
  const say = (level: string) => (what: string, facts?: Record<string, unknown>) =>
    tell?.(`${name} ${level} ${what} ${factsOf(facts)}`);
  const ports: NodePorts = {
    identity: new FileIdentity(disk, nobodyElse, () => twist.identity ?? (drawn as MemberId)),
    log: new RaftLog(disk, { segment_bytes: 32 * 1024, allocation_bytes: 8 * 1024 }),
    kv,
    snapshots: new StateDirectories(disk, engines('snapshots')),
    peers,
    door: bothDoors(street.door(name, life), door),
    clock: life.clock,
    random: world.chance.fork(),
    journal: { info: say('info'), warn: say('warn'), error: say('error') },
    vitals: stillVitals,
    drill: null,
  };
  const twisted = twist.ports?.(ports) ?? ports;
  return { ...twisted, kv: countSnapshots(truth.watch(name, twisted.kv), counts) };
}

/** How often a state came from another member, and how often a node started on one that had. */
function countSnapshots(kv: KvStore, counts: Cluster['counts']): KvStore {
  return replace(kv, {
    open: (directory) => {
      if (directory !== 'store/0') counts.restored++;
      return kv.open(directory);
    },
    switchTo: async (directory) => {
      const begun = await kv.switchTo(directory);
      counts.installed++;
      return begun;
    },
  });
}

const factsOf = (facts: Record<string, unknown> = {}): string =>
  JSON.stringify(facts, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
