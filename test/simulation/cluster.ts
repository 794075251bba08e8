/**
 * A whole cluster in one process: real nodes on real store and transport code, over simulated disks, clocks and
 * weather.
 */
import { raftMachine } from '../../machines/raft/raft.machine.js';
import type { Effect, MemberId, Role } from '../../machines/language/vocabulary.js';
import { dispatch, type System } from '../../actors/mail.js';
import { startNode, type RunningNode } from '../../actors/node.js';
import type { NodePorts, NodeSettings } from '../../actors/ports.js';
import { MemoryEngineFactory } from '../../store/engine-memory.js';
import { FileIdentity } from '../../store/identity.js';
import { MvccStore } from '../../store/mvcc.js';
import type { KvStore, LogStore } from '../../store/ports.js';
import { RaftLog } from '../../store/raft-log.js';
import { StateDirectories } from '../../store/snapshot.js';
import { MemoryNetwork } from '../../transport/memory-network.js';
import { MemoryPeers } from '../../transport/memory-peers.js';
import { createDisk, type SimulatedDisk } from './disk.js';
import { createStreet, type Street } from './door.js';
import { must, SimulationFailure } from './failure.js';
import { createLife, type Life } from './life.js';
import { createNetwork, type Network } from './network.js';
import { createTruth, type Truth } from './truth.js';
import { createWorld, type World } from './world.js';

/** One thing of the honest system replaced by a broken one. */
export interface ClusterTwist {
  readonly machine?: typeof raftMachine;
  readonly effect?: (effect: Effect) => Effect;
  readonly log?: (log: LogStore) => LogStore;
  readonly kv?: (kv: KvStore) => KvStore;
}

export interface ClusterMember {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly engines: MemoryEngineFactory;
  life: Life | null;
  node: RunningNode | null;
  kv: KvStore | null;
  peers: MemoryPeers | null;
  role: Role;
  /** Its disk was made to fail at some time: a life may end of it. */
  excused: boolean;
}

export interface Cluster {
  readonly world: World;
  readonly network: Network;
  readonly street: Street;
  readonly truth: Truth;
  readonly members: readonly ClusterMember[];
  failure: SimulationFailure | null;
  start(member: ClusterMember): void;
  stop(member: ClusterMember, powerLoss: boolean): void;
}

export interface ClusterOptions {
  readonly twist?: ClusterTwist;
  readonly tell?: (line: string) => void;
}

const settingsOf = (name: string, names: readonly string[]): NodeSettings => ({
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
  log_entries_before_trim: 80,
  log_entries_kept: 20,
  auto_compaction: { mode: 'off' },
});

export function createCluster(seed: number, size: number, options: ClusterOptions = {}): Cluster {
  const world = createWorld(seed);
  const network = createNetwork(world);
  const street = createStreet(world, network);
  const truth = createTruth();
  const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
  const members = names.map((name): ClusterMember => ({
    name,
    disk: createDisk(world),
    engines: new MemoryEngineFactory(),
    life: null,
    node: null,
    kv: null,
    peers: null,
    role: 'follower',
    excused: false,
  }));
  const switchboard = createSwitchboard(world, network, members);
  const leaders = new Map<number, string>();
  const fail = (error: unknown): void => {
    cluster.failure ??=
      error instanceof SimulationFailure
        ? error
        : new SimulationFailure('a node failed', { error: error instanceof Error ? error.stack : String(error) });
  };

  const observe = (member: ClusterMember, effect: Effect): void => {
    if (effect.type !== 'announce') return;
    member.role = effect.role;
    world.note(effect.role, effect.term);
    options.tell?.(`${member.name} ${effect.role} in term ${effect.term}`);
    if (effect.role !== 'leader') return;
    const other = leaders.get(effect.term);
    must(other === undefined || other === member.name, 'election safety', {
      term: effect.term,
      other,
      by: member.name,
    });
    leaders.set(effect.term, member.name);
  };
  const raftOf = (member: ClusterMember, life: Life): typeof raftMachine =>
    (options.twist?.machine ?? raftMachine).provide({
      actions: {
        ready: ({ system }, { effects }) => {
          if (life.state === 'over') return;
          for (const effect of effects) {
            const done = options.twist?.effect?.(effect) ?? effect;
            observe(member, done);
            dispatch(system as System, done);
          }
        },
      },
    });

  const cluster: Cluster = {
    world,
    network,
    street,
    truth,
    members,
    failure: null,
    start(member) {
      const life = createLife(world);
      const ports = portsOf(cluster, member, life, switchboard, options);
      member.life = life;
      member.kv = ports.kv;
      const node = startNode(ports, settingsOf(member.name, names), raftOf(member, life));
      member.node = node;
      void node.closed.then((ending) => {
        if (life.state === 'over') return;
        options.tell?.(`${member.name} ended: ${ending.ok ? 'ok' : String(ending.error)}`);
        cluster.stop(member, world.chance.happens(0.5));
        if (!ending.ok && !(member.excused && isDiskTrouble(ending.error))) fail(ending.error);
      });
    },
    stop(member, powerLoss) {
      member.life?.end();
      void member.peers?.close();
      [member.life, member.node, member.kv, member.peers, member.role] = [null, null, null, null, 'follower'];
      if (powerLoss) member.disk.losePower();
      else member.disk.kill();
      member.engines.crash((unsynced) => (powerLoss ? world.chance.below(0, unsynced + 1) : unsynced));
    },
  };
  return cluster;
}

/** A failed sync or a full disk, at the bottom of the error. */
function isDiskTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  return code === 'EIO' || code === 'ENOSPC' || isDiskTrouble(error.cause);
}

function createSwitchboard(world: World, network: Network, members: readonly ClusterMember[]): MemoryNetwork {
  const schedule = ({ from, to }: { from: string; to: string }, deliver: () => void): void => {
    for (const delay_ms of network.deliveries(from, to)) {
      world.after(delay_ms, () => {
        world.note(to);
        members.find((member) => member.name === to)?.life?.reach(deliver);
      });
    }
  };
  return new MemoryNetwork({ clock: createLife(world).clock, policy: { schedule } });
}

function portsOf(
  { world, street, truth }: Cluster,
  member: ClusterMember,
  life: Life,
  switchboard: MemoryNetwork,
  { twist, tell }: ClusterOptions,
): NodePorts {
  const { name, engines } = member;
  const disk = member.disk.mount(life);
  engines.beforeWrite = (_directory, sync) => member.disk.wait(life, sync);
  const drawn = world.chance.bytes(8).reduce((id, byte) => (id << 8n) | BigInt(byte), 0n);
  const nobodyElse = { acquire: () => Promise.resolve(), release: () => Promise.resolve() };
  const log = new RaftLog(disk, { segment_bytes: 32 * 1024, allocation_bytes: 8 * 1024 });
  const kv = new MvccStore(engines, life.clock);
  const peers = new MemoryPeers(switchboard, life.clock);
  member.peers = peers;
  const say = (level: string) => (what: string, facts?: Record<string, unknown>) =>
    tell?.(`${name} ${level} ${what} ${factsOf(facts)}`);
  return {
    identity: new FileIdentity(disk, nobodyElse, () => drawn as MemberId),
    log: twist?.log?.(log) ?? log,
    kv: truth.watch(name, twist?.kv?.(kv) ?? kv),
    snapshots: new StateDirectories(disk, engines),
    peers,
    door: street.door(name, life),
    clock: life.clock,
    random: world.chance.fork(),
    journal: { info: say('info'), warn: say('warn'), error: say('error') },
  };
}

const factsOf = (facts: Record<string, unknown> = {}): string =>
  JSON.stringify(facts, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
