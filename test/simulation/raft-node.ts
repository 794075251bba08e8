/** One raft machine with the thinnest possible rooms around it: a log, a state that is one number, letters. */
import { createActor } from 'xstate';
import { unreachable } from '../../machines/language/invariant.js';
import type { raftMachine } from '../../machines/raft/raft.machine.js';
import {
  type Configuration,
  type Effect,
  type EffectOf,
  type Entry,
  type Letter,
  type MemberId,
  type PeerMessage,
  type ProposalId,
  type RaftEvent,
  type Role,
  type SnapshotMark,
  type Term,
} from '../../machines/language/vocabulary.js';
import type { RaftInput, RaftSettings } from '../../machines/raft/context.js';
import { termAt } from '../../machines/raft/tail.js';
import { createLife, type Life } from './life.js';
import { createLogRoom, createStateRoom } from './raft-rooms.js';
import type { RaftChecks } from './raft-checks.js';
import type { TinyLog } from './raft-log.js';
import type { World } from './world.js';

/** What survives the death of a member's process. */
export interface RaftDisk {
  readonly id: MemberId;
  readonly log: TinyLog;
  /** The state: what it has applied, and the membership there. */
  state: SnapshotMark;
  epoch: number;
}

export interface RaftPorts {
  readonly world: World;
  readonly checks: RaftChecks;
  readonly machine: typeof raftMachine;
  readonly settings: RaftSettings;
  readonly tick_ms: number;
  /** Virtual time that a log write, a state write or a snapshot takes. */
  duration(what: 'log' | 'state' | 'snapshot'): number;
  send(from: MemberId, to: MemberId, message: PeerMessage): void;
  /** A failed node ends; what it failed of ends the simulation. */
  failed(id: MemberId, error: unknown): void;
  readonly watch: RaftWatch;
  /** What becomes of an effect before it is carried out: itself, unless a twist says otherwise. */
  effect(effect: Effect): Effect;
}

/** What the cluster wants to hear of its nodes. */
export interface RaftWatch {
  appended(id: MemberId, effect: EffectOf<'confirmAppended'>): void;
  refused(id: MemberId, ids: readonly ProposalId[]): void;
  applied(id: MemberId, entries: readonly Entry[]): void;
  readAnswered(id: MemberId, effect: EffectOf<'answerRead'>, appliedNow: number): void;
  readsVoided(id: MemberId, effect: EffectOf<'voidReads'>): void;
}

export interface RaftNode {
  readonly disk: RaftDisk;
  readonly life: Life;
  readonly role: Role;
  readonly door: Term | null;
  readonly leader: MemberId | null;
  readonly configuration: Configuration | null;
  tell(event: RaftEvent): void;
  /** The process is gone; a write that was on its way may have happened. */
  end(): void;
}

export function startRaftNode(disk: RaftDisk, ports: RaftPorts): RaftNode {
  const { world, checks } = ports;
  const life = createLife(world);
  const node = { disk, life, role: 'follower' as Role, door: null as Term | null, leader: null as MemberId | null };
  let configuration: Configuration | null = null;
  disk.epoch++;
  checks.started(disk);

  const actor = createActor(
    ports.machine.provide({
      actions: { ready: (_, { effects }) => effects.forEach((effect) => handle(ports.effect(effect))) },
    }),
    { input: inputOf(disk, ports), clock: life.clock },
  );
  const tell = (event: RaftEvent): void => {
    if (life.state !== 'running') return life.reach(() => tell(event));
    actor.send(event);
    if (event.type !== 'log.kept' || life.state !== 'running') return;
    const { context } = actor.getSnapshot();
    checks.believes(disk, context.durable, termAt(context, context.durable));
  };

  const log = createLogRoom(disk, ports, life, { tell, deliver });
  const state = createStateRoom(disk, ports, life, tell);

  function deliver(letter: Letter): void {
    if (letter.to === 'self') return tell(letter.message);
    checks.letterLeaves(disk, letter.to, letter.message);
    ports.send(disk.id, letter.to, letter.message);
  }

  function handle(effect: Effect): void {
    if (life.state === 'over') return;
    switch (effect.type) {
      case 'persist':
      case 'trimLog':
        return log.add(effect);
      case 'send':
        return effect.letters.forEach(deliver);
      case 'apply':
        return state.apply(effect.entries);
      case 'confirmAppended':
        return ports.watch.appended(disk.id, effect);
      case 'refuseProposals':
        return ports.watch.refused(disk.id, effect.ids);
      case 'answerRead':
        return state.whenApplied(effect.index, () => ports.watch.readAnswered(disk.id, effect, disk.state.index));
      case 'voidReads':
        return ports.watch.readsVoided(disk.id, effect);
      case 'openDoor':
        node.door = effect.term;
        return;
      case 'closeDoor':
        node.door = null;
        return;
      case 'announce':
        [node.role, node.leader, configuration] = [effect.role, effect.leader, effect.configuration];
        world.note(effect.role, effect.term);
        return checks.announced(disk, effect.role, effect.term);
      case 'prepareSnapshot':
        life.reachAfter(ports.duration('snapshot'), () => {
          const snapshot = { ...disk.state, id: `${disk.epoch}-${world.steps}`, size_bytes: 1000 };
          tell({ type: 'snapshot.prepared', to: effect.to, snapshot });
        });
        return;
      case 'installSnapshot':
        life.reachAfter(ports.duration('snapshot'), () => log.add({ type: 'install', mark: effect.snapshot }));
        return;
      case 'dropSnapshot':
      case 'retire':
        return;
      default:
        return unreachable(effect);
    }
  }

  actor.subscribe({
    error: (error) => {
      life.end();
      ports.failed(disk.id, error);
    },
  });
  actor.start();
  const tick = (): void => {
    if (actor.getSnapshot().status !== 'active') return;
    tell({ type: 'tick', now_ms: life.clock.now_ms() });
    life.clock.setTimeout(tick, ports.tick_ms);
  };
  life.clock.setTimeout(tick, ports.tick_ms * world.chance.fraction());
  return {
    disk,
    life,
    get role() {
      return node.role;
    },
    get door() {
      return node.door;
    },
    get leader() {
      return node.leader;
    },
    get configuration() {
      return configuration;
    },
    tell,
    end() {
      life.end();
      log.end();
    },
  };
}

function inputOf(disk: RaftDisk, ports: RaftPorts): RaftInput {
  const { log, state } = disk;
  return {
    self: disk.id,
    hardState: log.hardState,
    log,
    configurations: log.configurations(),
    applied: state.index,
    seed: ports.world.chance.below(0, 2 ** 32),
    behind: log.start.index > state.index,
    settings: ports.settings,
  };
}
