/** How a node comes into its cluster: it is in one already, it is told of its birth, or it founds it. */
import { founderOf, gathering, heard, isBornIn, verdictOf, type Verdict } from '../machines/birth.js';
import { invariant } from '../machines/language/invariant.js';
import type { ClusterId, Member } from '../machines/language/vocabulary.js';
import type { LogState } from '../store/ports.js';
import type { BirthMessage, Self } from '../transport/ports.js';
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

function beBorn({ ports, settings, self, incoming }: JoinInput, signal: AbortSignal): Promise<LogState> {
  const { log, peers, clock, journal } = ports;
  const others = settings.initial_members.filter((name) => name !== self.member.name);
  return new Promise((resolve, reject) => {
    let known = gathering(self.member, settings.initial_members, 0);
    let timer: unknown;
    let settled = false;
    let told = '';

    const end = (): void => {
      settled = true;
      clock.clearTimeout(timer);
      incoming.peers = null;
      signal.removeEventListener('abort', end);
    };

    const bear = (members: readonly Member[]): void => {
      end();
      journal.info('the cluster is born', {
        members: members.map(({ name }) => name),
        founder: founderOf(known.names),
      });
      log.bear({ cluster_name: self.cluster_name, members }).then(resolve, reject);
    };

    const act = (verdict: Verdict): void => {
      if (settled) return;
      if (verdict.type === 'found') return bear(verdict.members);
      if (verdict.type === 'conflict') say(verdict.reason);
    };

    const say = (what: string): void => {
      if (what !== told) journal.warn(what);
      told = what;
    };

    const birth = (from: Member, message: BirthMessage): void => {
      if (settled) return;
      switch (message.type) {
        case 'birth.asked': {
          const { round } = message;
          return peers.sendBirth(from.name, {
            type: 'birth.answered',
            round,
            members: settings.initial_members,
            cluster: null,
          });
        }
        case 'birth.answered': {
          const [next, verdict] = heard(known, from, message);
          known = next;
          return act(verdict);
        }
        case 'born':
          if (isBornIn(self.member, message.members)) bear(message.members);
      }
    };

    const ask = (): void => {
      const verdict = verdictOf(known);
      if (verdict.type === 'waiting' && verdict.missing.length > 0 && known.round % ROUNDS_BETWEEN_NEWS === 1) {
        journal.info('waiting for all first members before the cluster is born', { missing: verdict.missing });
      }
      known = gathering(self.member, settings.initial_members, known.round + 1);
      timer = clock.setTimeout(ask, ROUND_MS);
      for (const name of others) {
        peers.sendBirth(name, { type: 'birth.asked', round: known.round, members: settings.initial_members });
      }
      act(verdictOf(known));
    };

    signal.addEventListener('abort', end);
    incoming.peers = {
      message: () => undefined,
      birth,
      piece: () => Promise.resolve(null),
      link: () => undefined,
      dropped: (reason) => journal.warn('peer frame dropped', { reason }),
    };
    ask();
  });
}
