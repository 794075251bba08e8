/** The simulated cluster, kept in step with the real clock and told in frames: something to look at without processes. */
import type { AnyActorRef, InspectionEvent, ActorSystem, ActorSystemInfo } from 'xstate';
import type { Inspected, InspectionFrame, StateValue } from '../../machines/language/inspection.js';
import type { Effect } from '../../machines/language/vocabulary.js';
import { type Cluster, type ClusterMember, createCluster } from '../simulation/cluster.js';
import { startClients } from '../simulation/clients.js';
import { createHistory } from '../simulation/history.js';
import { settled } from '../simulation/globals.js';

const frame_ms = 100;
const events_max = 60;
const tick_ms = 10;

interface Scribe {
  events: Inspected[];
  untold: number;
  boxes: Map<
    string,
    { sessionId: string; sourceId: string | null; letter: string; count: number; waiting_max: number }
  >;
  number: number;
  life: string;
  requests: number;
}

export interface PretendCluster {
  readonly cluster: Cluster;
  member(name: string): ClusterMember;
  /** Starts a member that is down. */
  begin(member: ClusterMember): void;
  stop(): void;
}

type Machine = AnyActorRef & { readonly logic: { readonly config?: { readonly id?: string } } };

/** Calls `tell` with each frame of each member, about ten a second. */
export function startPretendCluster(tell: (frame: InspectionFrame) => void): PretendCluster {
  const scribes = new Map<string, Scribe>();
  const names = new Map<unknown, string>();
  const cluster = createCluster(7, 3, {
    twist: (name) => ({
      effects: (effect: Effect) => {
        writeLetters(scribes.get(name), effect, names);
        return [effect];
      },
    }),
  });
  const { world } = cluster;
  const member = (name: string): ClusterMember => {
    const found = cluster.members.find((each) => each.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  };
  const begin = (of: ClusterMember): void => {
    const scribe: Scribe = {
      events: [],
      untold: 0,
      boxes: new Map(),
      number: 0,
      life: String(world.now_ms()),
      requests: 0,
    };
    scribes.set(of.name, scribe);
    cluster.start(of);
    const system = of.node?.system as unknown as ActorSystem<ActorSystemInfo>;
    for (const actor of Object.values(system.getAll())) introduce(scribe, actor as Machine);
    system.inspect((event) => write(scribe, event));
  };
  for (const each of cluster.members) begin(each);
  startClients(world, cluster.street, createHistory(), {
    clients: 3,
    pause_ms: 250,
    timeout_ms: 500,
    deadline_ms: 5_000,
    ids: true,
    compactions: false,
  });

  const began_ms = Date.now();
  let isStopped = false;
  const run = async (): Promise<void> => {
    let framed_ms = Date.now();
    while (!isStopped) {
      while (world.step(Date.now() - began_ms)) await settled();
      if (cluster.failure !== null) throw cluster.failure;
      if (Date.now() - framed_ms >= frame_ms) {
        framed_ms = Date.now();
        for (const each of cluster.members) {
          if (each.node !== null) names.set(raftContext(each)?.self, each.name);
          if (each.node === null) continue;
          const scribe = scribes.get(each.name);
          if (scribe !== undefined) tell(frameOf(each, scribe, names));
        }
      }
      for (const each of cluster.members) if (each.node === null && each.life === null) scribes.delete(each.name);
      await new Promise((resolve) => setTimeout(resolve, tick_ms));
    }
  };
  void run();
  return {
    cluster,
    member,
    stop: () => void (isStopped = true),
    begin,
  };
}

function introduce(scribe: Scribe, actor: Machine): void {
  const { config } = actor.logic;
  const parent = (actor as unknown as { _parent?: AnyActorRef })._parent;
  const systemId = (actor as unknown as { systemId?: string }).systemId;
  scribe.events.push({
    type: '@xstate.actor',
    sessionId: actor.sessionId,
    createdAt: String(Date.now()),
    _version: '0',
    name: systemId ?? config?.id ?? actor.id,
    definition: plain(config ?? { id: actor.id }) as string,
    parentId: parent?.sessionId,
    snapshot: snapshotOf(actor.getSnapshot()),
  });
}

const plain = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner === 'bigint') return String(inner);
    if (inner instanceof Map) return Object.fromEntries([...inner].map(([key, one]) => [String(key), one as unknown]));
    if (inner instanceof Set) return [...inner];
    if (inner instanceof Uint8Array) return `${inner.length} bytes`;
    return inner;
  });

function snapshotOf(snapshot: unknown): { status: string; value?: StateValue; context?: unknown } {
  // An actor is told of before it has a state.
  const { status, value, context } = (snapshot ?? { status: 'active' }) as {
    status: string;
    value?: StateValue;
    context?: Record<string, unknown>;
  };
  const { log: _log, ports: _ports, ...shown } = context ?? {};
  let told: unknown = 'too deep';
  try {
    told = JSON.parse(plain(shown)) as unknown;
  } catch {
    // A context with rings in it, which the real feed takes apart.
  }
  return { status, ...(value === undefined ? {} : { value }), context: told };
}

function write(scribe: Scribe, event: InspectionEvent): void {
  const actor = event.actorRef as Machine;
  const common = { sessionId: actor.sessionId, createdAt: String(Date.now()), _version: '0' };
  if (event.type === '@xstate.actor') return introduce(scribe, actor);
  if (event.type === '@xstate.event') {
    const key = `${actor.sessionId} ${event.sourceRef?.sessionId ?? ''} ${event.event.type}`;
    const box = scribe.boxes.get(key) ?? {
      sessionId: actor.sessionId,
      sourceId: event.sourceRef?.sessionId ?? null,
      letter: event.event.type,
      count: 0,
      waiting_max: 0,
    };
    box.count++;
    scribe.boxes.set(key, box);
  }
  if (scribe.events.length > events_max) return void scribe.untold++;
  if (event.type === '@xstate.event') {
    const { type, ...fields } = event.event;
    scribe.events.push({
      ...common,
      type: '@xstate.event',
      event: { type, ...(JSON.parse(plain(fields)) as object) },
      ...(event.sourceRef === undefined ? {} : { sourceId: event.sourceRef.sessionId }),
    });
  } else if (event.type === '@xstate.snapshot') {
    scribe.events.push({
      ...common,
      type: '@xstate.snapshot',
      event: { type: event.event.type },
      snapshot: snapshotOf(event.snapshot),
    });
  } else if (event.type === '@xstate.microstep') {
    const { value } = event.snapshot as unknown as { value: StateValue };
    scribe.events.push({
      ...common,
      type: 'quorate.microstep',
      event: { type: event.event.type },
      value,
      transitions: event._transitions.map(({ source, target, guard }) => ({
        source: (source as { id: string }).id,
        targets: (target ?? []).map((each) => (each as { id: string }).id),
        guard: typeof guard === 'string' ? guard : ((guard as { type?: string } | undefined)?.type ?? ''),
        actions: [],
      })),
    });
  }
}

function writeLetters(scribe: Scribe | undefined, effect: Effect, names: ReadonlyMap<unknown, string>): void {
  if (scribe === undefined || effect.type !== 'send') return;
  for (const { to, message } of effect.letters) {
    if (to === 'self') continue;
    scribe.events.push({
      type: 'quorate.letter',
      createdAt: String(Date.now()),
      way: 'sent',
      peer: names.get(to) ?? String(to),
      message: JSON.parse(plain(message)) as { type: string },
    });
  }
}

interface RaftFacts {
  readonly self: unknown;
  readonly hardState: { readonly term: number; readonly vote: unknown; readonly commit: number };
  readonly applied: number;
  readonly leader: unknown;
  readonly handed: number;
  readonly durable: number;
  readonly progress: ReadonlyMap<unknown, { readonly phase: string; readonly match: number; readonly next: number }>;
}

function raftContext({ node }: ClusterMember): RaftFacts | undefined {
  const raft = node?.system.get('raft') as unknown as AnyActorRef | undefined;
  return (raft?.getSnapshot() as { context?: RaftFacts } | undefined)?.context;
}

function frameOf(member: ClusterMember, scribe: Scribe, names: ReadonlyMap<unknown, string>): InspectionFrame {
  const createdAt = String(Date.now());
  const raft = raftContext(member);
  const nameOf = (id: unknown): string | null => (id === null ? null : (names.get(id) ?? String(id)));
  const events: Inspected[] = [
    ...scribe.events,
    { type: 'quorate.mailboxes', createdAt, boxes: [...scribe.boxes.values()] },
  ];
  scribe.requests += Math.round(Math.random() * 3);
  if (raft !== undefined) {
    events.push({
      type: 'quorate.standing',
      createdAt,
      role: member.role,
      term: raft.hardState.term,
      leader: nameOf(raft.leader),
      vote: nameOf(raft.hardState.vote),
      commit: raft.hardState.commit,
      applied: raft.applied,
      last: Math.max(raft.durable, raft.handed),
      revision: raft.applied,
      db_size: 40_960,
      watchers: 0,
      leases: 0,
      requests: scribe.requests,
      errors: 0,
      peers: [...raft.progress].map(([id, { phase, match, next }]) => ({
        name: nameOf(id) ?? '',
        state: phase,
        match,
        next,
        voter: true,
      })),
    });
  }
  const { untold, life } = scribe;
  [scribe.events, scribe.untold, scribe.boxes] = [[], 0, new Map()];
  scribe.number++;
  return {
    number: scribe.number,
    member: member.name,
    life,
    at_ms: Number(createdAt),
    events,
    untold,
    drill: true,
    ended: '',
  };
}
