/** What comes in from outside goes to whoever answers for it at the moment: the joining node, its rooms, or nobody. */
import { errorOf } from '../machines/language/errors.js';
import type { DoorHandlers, PeerHandlers } from '../transport/ports.js';
import { statsOf, type NodeFacts } from './facts.js';
import { post, type System } from './mail.js';
import type { Journal, NodePorts } from './ports.js';
import { createTally, type Tally } from './tally.js';
import type { WatchFacts } from './watch-state.js';

/** Set by those who are in charge; null while nobody is. */
export interface Incoming {
  peers: Omit<PeerHandlers, 'refused'> | null;
  door: Pick<DoorHandlers, 'asked' | 'link'> | null;
  watching: DoorHandlers['watching'] | null;
  /** How much the rooms hold: asked for by service discovery and by whoever scrapes. */
  watches: (() => WatchFacts) | null;
  facts: (() => NodeFacts) | null;
  inspecting: DoorHandlers['inspecting'] | null;
  drill: DoorHandlers['drill'] | null;
  readonly drills: boolean;
  /** A leader is heard: the node can be asked. */
  readonly led: () => void;
  /** What NATS refuses; told whoever is in charge. */
  readonly refused: Tally;
}

export const nobodyYet = ({ clock, journal, drill }: NodePorts, led: () => void): Incoming => ({
  peers: null,
  door: null,
  watching: null,
  watches: null,
  facts: null,
  inspecting: null,
  drill: null,
  drills: drill !== null,
  led,
  refused: createTally(clock, (reason, times) => journal.warn('NATS refuses', counted(reason, times))),
});

const counted = (reason: string, times: number): Record<string, unknown> =>
  times === 1 ? { reason } : { reason, times };

export const peerHandlers = (incoming: Incoming): PeerHandlers => ({
  message: (message) => incoming.peers?.message(message),
  birth: (from, message) => incoming.peers?.birth(from, message),
  piece: (from, id, number) => incoming.peers?.piece(from, id, number) ?? Promise.resolve(null),
  link: (link, state) => incoming.peers?.link(link, state),
  dropped: (reason, from) => incoming.peers?.dropped(reason, from),
  refused: (kind, reason) => incoming.refused.note(kind, reason),
});

export const doorHandlers = (incoming: Incoming): DoorHandlers => ({
  asked: (asks) => {
    if (incoming.door) return incoming.door.asked(asks);
    for (const ask of asks) ask.answer({ ok: false, error: errorOf('NoLeader') });
  },
  watching: (stream, opening) => {
    if (incoming.watching) return incoming.watching(stream, opening);
    throw errorOf('NoLeader');
  },
  inspecting: (stream, request) => {
    if (incoming.inspecting) return incoming.inspecting(stream, request);
    throw errorOf('NoLeader');
  },
  drills: incoming.drills,
  drill: async (drill, for_ms) => {
    if (incoming.drill) return incoming.drill(drill, for_ms);
    throw errorOf('NoLeader');
  },
  link: (state) => incoming.door?.link(state),
  stats: () => statsOf(incoming.facts?.() ?? null),
  refused: (kind, reason) => incoming.refused.note(kind, reason),
});

/** A connection went silent, or is heard again: told to people, and to raft where a leader cannot do without it. */
export function linkChanged(
  journal: Journal,
  system: System,
  link: 'control' | 'bulk' | 'snapshot' | 'door',
  state: 'silent' | 'heard',
): void {
  journal[state === 'silent' ? 'warn' : 'info'](`connection ${state}`, { link });
  if (link !== 'bulk' && link !== 'door') return;
  post(system, 'raft', { type: state === 'silent' ? 'link.silent' : 'link.heard', link });
}
