/** How a node comes into its cluster: it is in one already, it is told of its birth, or it founds it. */
import { founderOf, gathering, heard, isBornIn, verdictOf, type Gathering, type Verdict } from '../machines/birth.js';
import { invariant } from '../machines/language/invariant.js';
import type { ClusterId, Member } from '../machines/language/vocabulary.js';
import type { LogState } from '../store/ports.js';
import type { BirthMessage, Self } from '../transport/ports.js';
import { tellDropped } from './dropped.js';
import { doorHandlers, peerHandlers, type Incoming } from './incoming.js';
import type { NodePorts, NodeSettings } from './ports.js';

export interface JoinInput {
  readonly ports: NodePorts;
  readonly settings: NodeSettings;
  readonly self: Self;
  readonly state: LogState;
  readonly incoming: Incoming;
}

const ROUND_MS = 200;
const ROUNDS_BETWEEN_NEWS = 25;

/** Opens the ways in and resolves with the log of a cluster that is born. */
export async function join(input: JoinInput, signal: AbortSignal): Promise<LogState & { readonly cluster: ClusterId }> {
  const { ports, self, incoming } = input;
  await ports.peers.open(self, peerHandlers(incoming));
  await ports.door.open(self, doorHandlers(incoming));
  const state = input.state.cluster === null ? await beBorn(input, signal) : input.state;
  const { cluster } = state;
  invariant(cluster !== null, 'a log that is not empty names its cluster', { last: ports.log.last });
  await ports.door.serve(cluster);
  return { ...state, cluster };
}

/** One unborn member's questions and what came of them. */
interface Birthing extends JoinInput {
  known: Gathering;
  timer: unknown;
  settled: boolean;
  /** Reasons that have been told: one stays the same for as long as it holds. */
  readonly told: Set<string>;
  readonly born: (state: Promise<LogState>) => void;
}

function beBorn(input: JoinInput, signal: AbortSignal): Promise<LogState> {
  const { incoming, ports, self, settings } = input;
  return new Promise((born) => {
    // [safety] Rounds begin where chance says: an answer to a directory that is gone names no round of this one.
    const round = ROUNDS_BETWEEN_NEWS * ports.random.below(0, 2 ** 26);
    const known = gathering(self.member, settings.initial_members, round);
    const birthing: Birthing = { ...input, known, timer: null, settled: false, told: new Set(), born };
    signal.addEventListener('abort', () => end(birthing), { once: true });
    incoming.peers = {
      message: () => undefined,
      birth: (from, message) => hear(birthing, from, message),
      piece: () => Promise.resolve(null),
      link: () => undefined,
      dropped: tellDropped(ports, self.member.name),
    };
    ask(birthing);
  });
}

/** A new round: all listed members are asked again, and only answers to this round will count. */
function ask(birthing: Birthing): void {
  const { ports, self, settings, known, incoming } = birthing;
  incoming.refused.tick();
  const verdict = verdictOf(known);
  if (verdict.type === 'waiting' && verdict.missing.length > 0 && known.round % ROUNDS_BETWEEN_NEWS === 1) {
    ports.journal.info('waiting for all first members before the cluster is born', { missing: verdict.missing });
  }
  birthing.known = gathering(self.member, settings.initial_members, known.round + 1);
  birthing.timer = ports.clock.setTimeout(() => ask(birthing), ROUND_MS);
  const { round } = birthing.known;
  for (const name of settings.initial_members) {
    if (name !== self.member.name) {
      ports.peers.sendBirth(name, { type: 'birth.asked', round, members: settings.initial_members });
    }
  }
  act(birthing, verdictOf(birthing.known));
}

function hear(birthing: Birthing, from: Member, message: BirthMessage): void {
  if (birthing.settled) return;
  const { ports, self, settings } = birthing;
  switch (message.type) {
    case 'birth.asked': {
      const { round } = message;
      const answer = { type: 'birth.answered', round, members: settings.initial_members, cluster: null } as const;
      return ports.peers.sendBirth(from.name, answer);
    }
    case 'birth.answered': {
      const [next, verdict] = heard(birthing.known, from, message);
      birthing.known = next;
      return act(birthing, verdict);
    }
    case 'born':
      if (isBornIn(self.member, message.members)) bear(birthing, message.members);
  }
}

function act(birthing: Birthing, verdict: Verdict): void {
  if (birthing.settled || verdict.type === 'waiting') return;
  if (verdict.type === 'found') return bear(birthing, verdict.members);
  if (!birthing.told.has(verdict.reason)) birthing.ports.journal.warn(verdict.reason);
  birthing.told.add(verdict.reason);
}

function bear(birthing: Birthing, members: readonly Member[]): void {
  end(birthing);
  const { ports, self, known } = birthing;
  const names = members.map(({ name }) => name);
  ports.journal.info('the cluster is born', { members: names, founder: founderOf(known.names) });
  birthing.born(ports.log.bear({ cluster_name: self.cluster_name, members }));
}

function end(birthing: Birthing): void {
  birthing.settled = true;
  birthing.ports.clock.clearTimeout(birthing.timer);
  birthing.incoming.peers = null;
}
