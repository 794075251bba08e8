/** Broken variants around leases and watches: caught by what the product's own clients were promised and told. */
import type { Term } from '../../machines/language/vocabulary.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import type { OwnProposal, RequestsLetter } from '../../actors/mail.js';
import type { KvStore, Written } from '../../store/ports.js';
import type { ClusterTwist, LifeTwist } from './cluster.js';
import type { ClusterVariant } from './cluster-variants.js';
import { playSwitched } from './scripted-watches.js';
import { replace } from './truth.js';

const withKv = (change: (kv: KvStore) => Partial<KvStore>): LifeTwist => ({
  ports: (ports) => ({ ...ports, kv: replace(ports.kv, change(ports.kv)) }),
});

/** The second half of a revision's events becomes visible with the next write. */
function splitRevisions(): LifeTwist {
  return withKv((kv) => {
    let held: Written['events'] = [];
    return {
      write: async () => {
        const written = await kv.write();
        const events = [...held, ...written.events];
        const last = events.at(-1);
        held = [];
        if (last === undefined || last.events.length < 2) return { ...written, events };
        held = [{ revision: last.revision, events: last.events.slice(1) }];
        return {
          ...written,
          events: [...events.slice(0, -1), { revision: last.revision, events: last.events.slice(0, 1) }],
        };
      },
    };
  });
}

/** Its watches take a replaced state for one more write, in which nothing was for anybody. */
function toldOfSnapshots(): LifeTwist {
  let told = 0;
  return {
    mail: (to, letter) => {
      if (to !== 'watchHub') return [letter];
      const { type, written } = letter as { readonly type: string; readonly written: { readonly revision: number } };
      if (type !== 'written' && type !== 'switched') return [letter];
      const before = told;
      told = written.revision;
      if (type === 'written' || told <= before) return [letter];
      const events = [before + 1, told].map((revision) => ({ revision, events: [] }));
      return [{ type: 'written', written: { ...written, events } } as typeof letter];
    },
  };
}

/** Revocations wait for the next term in which this node leads, and are proposed in its name. */
function revokeInAnotherTerm(): LifeTwist {
  let held: OwnProposal[] = [];
  let term: Term | null = null;
  return {
    mail: (to, letter) => {
      if (to !== 'requests') return [letter];
      const mail = letter as RequestsLetter;
      if (mail.type === 'openDoor') {
        term = mail.term;
        const proposals = held.map((proposal) => ({ ...proposal, term: term as Term }));
        held = [];
        return proposals.length === 0 ? [letter] : [letter, { type: 'resolved', proposals }];
      }
      if (mail.type !== 'resolved') return [letter];
      const { proposals } = mail;
      const revokes = proposals.filter(({ operation }) => operation.type === 'lease.revoke' && operation.expired);
      held.push(...revokes);
      const rest = proposals.filter((proposal) => !revokes.includes(proposal));
      return rest.length === 0 ? [] : [{ type: 'resolved', proposals: rest }];
    },
  };
}

const dropped =
  (room: string, letter: string): ClusterTwist =>
  () => ({ mail: (to, given) => (to === room && given.type === letter ? [] : [given]) });

const busy = { clients: 5, pause_ms: 30, timeout_ms: 400, deadline_ms: 3000, ids: true } as const;

export const sessionVariants: readonly ClusterVariant[] = [
  {
    level: 'cluster',
    name: 'event dropped between catching up and live',
    breaks: 'what a watcher reads to catch up lacks its last revision',
    twist: () =>
      withKv((kv) => ({
        history: async (request) => {
          const history = await kv.history(request);
          return { ...history, revisions: history.revisions.slice(0, -1) };
        },
      })),
    seeds: 12,
    kinds: ['crash', 'partition'],
    clients: busy,
    sessions: 2,
  },
  {
    level: 'cluster',
    name: 'revision split in two',
    breaks: 'watchers are told of half of a revision with one write, and of the rest with the next',
    twist: splitRevisions,
    seeds: 6,
    clients: busy,
    sessions: 2,
  },
  {
    level: 'cluster',
    name: 'row stays live over a snapshot',
    breaks: "a member's watches take the state that a snapshot brought for one more write, with nothing in it",
    twist: toldOfSnapshots,
    seeds: 3,
    play: playSwitched,
  },
  {
    level: 'cluster',
    name: 'lease expired by a deposed leader',
    breaks: 'who leads again counts leases on from where it was deposed',
    twist: dropped('leaseTicker', 'closeDoor'),
    seeds: 40,
    kinds: ['partition', 'pause'],
    sessions: 2,
  },
  {
    level: 'cluster',
    name: 'keepalive answered by a paused leader',
    breaks: 'a leader renews without asking whether it still leads',
    twist: () => ({
      machine: raftMachine.provide({ guards: { roundConfirmed: ({ context }) => context.reading !== null } }),
    }),
    seeds: 60,
    kinds: ['pause', 'partition'],
    sessions: 2,
  },
  {
    level: 'cluster',
    name: 'lease shortened by a leader change',
    breaks: 'a new leader takes a quarter of the TTL for what remains',
    twist: () =>
      withKv((kv) => ({
        get leases() {
          const { leases } = kv;
          const all = (): Iterable<never> =>
            Array.from(leases.all(), (lease) => ({ ...lease, remaining_ms: lease.ttl_ms / 4 })) as never;
          return { ...leases, all };
        },
      })),
    seeds: 12,
    kinds: ['crash', 'partition'],
    sessions: 2,
  },
  {
    level: 'cluster',
    name: 'revoke decided in one term accepted in another',
    breaks: 'a revocation waits for the next term in which its node leads, and is proposed in its name',
    twist: revokeInAnotherTerm,
    seeds: 40,
    kinds: ['partition', 'pause'],
    sessions: 2,
  },
];
