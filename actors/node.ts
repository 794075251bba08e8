/** A node: what the states of its life do, and the way to start and stop one. */
import { createActor, fromPromise } from 'xstate';
import { invariant } from '../machines/language/invariant.js';
import { lifeMachine, type Ending } from '../machines/life.machine.js';
import { index, type Index, startsIn } from '../machines/language/vocabulary.js';
import { DamagedError, type LogState } from '../store/ports.js';
import type { Ask, Self } from '../transport/ports.js';
import type { NodeFacts } from './facts.js';
import { doorHandlers, nobodyYet, type Incoming } from './incoming.js';
import { join } from './join.js';
import { post, type System } from './mail.js';
import type { NodePorts, NodeSettings } from './ports.js';
import { raftRoom } from './raft.js';
import { roomsMachine, type RoomsInput } from './rooms.js';

/** What was found on disk. */
interface Recovered {
  readonly self: Self;
  readonly state: LogState;
  readonly applied: Index;
}

export interface RunningNode {
  /** The actor system: rooms by their systemId. */
  readonly system: System;
  /** Resolves once it can be asked: it is in its cluster and has heard a leader. Never rejects. */
  readonly serving: Promise<void>;
  /** How its life ended. Never rejects. */
  readonly closed: Promise<Ending>;
  /** How it is at this moment; null while it is in no cluster. */
  facts(): NodeFacts | null;
  /** Asks as a client that came through no door. What is asked of a node that ends may stay without an answer. */
  ask(ask: Ask): void;
  /** Leaves in good order: hands leadership over, answers what it has taken, closes. */
  stop(): Promise<Ending>;
}

/** Starts a node. `raft` is the protocol's chart with its effects wired, replaced only by tests. */
export function startNode(ports: NodePorts, settings: NodeSettings, raft: typeof raftRoom = raftRoom): RunningNode {
  let led = (): void => undefined;
  const serving = new Promise<void>((resolve) => (led = resolve));
  const incoming = nobodyYet(ports, led);
  const life = lifeMachine<Recovered, RoomsInput>(roomsMachine(ports, raft)).provide({
    actors: {
      recover: fromPromise(() => recover(ports, settings)),
      join: fromPromise(({ input, signal }) => {
        const { recovered } = input;
        invariant(recovered !== null, 'a node joins after it has recovered');
        return openRooms(ports, settings, incoming, recovered, signal);
      }),
      close: fromPromise(() => close(ports)),
    },
    actions: {
      leave: ({ system }) => {
        post(system, 'raft', { type: 'transfer.asked', target: null });
        post(system, 'watchHub', { type: 'drain' });
        post(system, 'requests', { type: 'drain' });
      },
    },
  });
  const actor = createActor(life, { systemId: 'node', clock: ports.clock });
  const closed = new Promise<Ending>((resolve) => {
    actor.subscribe({
      next: (snapshot) => {
        if (snapshot.status === 'done' && snapshot.output) resolve(snapshot.output);
      },
      error: (error) => resolve({ ok: false, error }),
    });
  });
  actor.start();
  return {
    system: actor.system as System,
    serving,
    closed,
    facts: () => incoming.facts?.() ?? null,
    ask: (ask) => doorHandlers(incoming).asked([ask]),
    stop: () => {
      actor.send({ type: 'stop' });
      return closed;
    },
  };
}

async function recover(ports: NodePorts, settings: NodeSettings): Promise<Recovered> {
  const identity = await ports.identity.open(settings.name, settings.cluster_name);
  const state = await ports.log.open();
  const { applied } = await openState(ports, state.stateDirectory);
  if (applied > ports.log.last) {
    throw new DamagedError(
      `the state has applied entry ${String(applied)}, but the log ends at ${String(ports.log.last)}: ` +
        'the log has lost what it had kept',
    );
  }
  await ports.snapshots.sweep(state.stateDirectory);
  const member = { id: identity.member_id, name: identity.name };
  return { self: { member, cluster_name: identity.cluster_name, epoch: identity.epoch }, state, applied };
}

/**
 * [safety] A state whose chain is broken is not patched: it starts over from the log, or from the leader's snapshot.
 */
async function openState({ kv, journal }: NodePorts, stateDirectory: string): Promise<{ readonly applied: Index }> {
  try {
    return await kv.open(stateDirectory);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    journal.error('the state is damaged and is built anew', { directory: stateDirectory, reason: error.message });
    return kv.reset(stateDirectory);
  }
}

async function openRooms(
  ports: NodePorts,
  settings: NodeSettings,
  incoming: Incoming,
  { self, state, applied }: Recovered,
  signal: AbortSignal,
): Promise<RoomsInput> {
  const joined = await join({ ports, settings, self, state, incoming }, signal);
  const behind = applied < ports.log.start.index;
  const configurations = joined.configurations;
  const latest = configurations.at(-1)?.configuration ?? { voters: [], learners: [] };
  if (behind && latest.voters.length === 1 && latest.voters[0]?.id === self.member.id) {
    throw new DamagedError(
      'the state is lost, the log does not reach back to its beginning, and no other member has it',
    );
  }
  const hardState = { ...joined.hardState, commit: index(Math.max(joined.hardState.commit, applied)) };
  return {
    ports,
    settings,
    self,
    incoming,
    cluster: joined.cluster,
    configuration: latest,
    raft: {
      self: self.member.id,
      hardState,
      log: ports.log,
      configurations,
      applied,
      seed: ports.random.below(1, 0x7fffffff),
      behind,
      // [safety] No campaign of an earlier life has this number: an answer to one may still be on its way.
      campaign: startsIn(self.epoch) * 2 ** 20,
      settings,
    },
  };
}

/** Doors first, so that nothing is promised any more; then what promises were kept in. All of it, whatever fails. */
async function close(ports: NodePorts): Promise<void> {
  const failures: unknown[] = [];
  for (const part of [ports.door, ports.peers, ports.kv, ports.log, ports.identity]) {
    try {
      await part.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'closing the node failed');
}
