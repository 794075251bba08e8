/** Broken variants of whole nodes: one real part of the product replaced, and the whole cluster must show it. */
import { decodeCommand, encodeCommand } from '../../machines/language/codec.js';
import { type Entry, index, type Term } from '../../machines/language/vocabulary.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { step } from '../../machines/raft/setup.js';
import { takeOffer } from '../../machines/raft/snapshots.js';
import { answerLocally, forgetRequests, unsyncedLog, unsynced, withRequest } from './broken-parts.js';
import { acknowledgeAtOnce } from './broken-handlers.js';
import type { ClientSettings } from './clients.js';
import type { ClusterTwist } from './cluster.js';
import { replace } from './truth.js';

export interface ClusterVariant {
  readonly level: 'cluster';
  readonly name: string;
  /** What is replaced, in a sentence. */
  readonly breaks: string;
  readonly twist: ClusterTwist;
  /** Seeds it may take. */
  readonly seeds: number;
  readonly kinds?: readonly string[];
  readonly clients?: Partial<ClientSettings>;
}

/** Many writes by few, and reads beside them. */
const busy = { clients: 8, pause_ms: 10, timeout_ms: 400, deadline_ms: 3000, ids: true } as const;

export const clusterVariants: readonly ClusterVariant[] = [
  {
    level: 'cluster',
    name: 'answer before fsync (node)',
    breaks: 'the log says that a batch is durable when it is written, and syncs nothing',
    twist: () => ({ disk: unsyncedLog }),
    seeds: 12,
    kinds: ['crash', 'crashAll'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'letters do not wait for the write',
    breaks: 'what hangs on a write to the log leaves when the write is ordered',
    twist: () => ({
      effects: (effect) => {
        if (effect.type !== 'persist') return [effect];
        const own = effect.then.filter((letter) => letter.to === 'self');
        const others = effect.then.filter((letter) => letter.to !== 'self');
        return [
          { ...effect, then: own },
          { type: 'send', letters: others },
        ];
      },
    }),
    seeds: 3,
  },
  {
    level: 'cluster',
    name: 'vote lost at a restart (node)',
    breaks: 'the log comes back with the term but without the vote',
    twist: () => ({
      ports: (ports) => ({
        ...ports,
        log: replace(ports.log, {
          open: async () => {
            const state = await ports.log.open();
            return { ...state, hardState: { ...state.hardState, vote: null } };
          },
        }),
      }),
    }),
    seeds: 12,
    kinds: ['crash', 'crashAll'],
  },
  {
    level: 'cluster',
    name: 'log trimmed past a synced state (node)',
    breaks: 'the state is written without a sync, and raft is told that it is durable',
    twist: () => ({ engines: (engines, of) => (of === 'state' ? unsynced(engines) : engines) }),
    seeds: 12,
    kinds: ['crashAll'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'snapshot acknowledged before durable (node)',
    breaks: 'a follower acknowledges a snapshot when it is offered, and then fetches it',
    twist: () => ({
      machine: raftMachine.provide({
        actions: { takeOffer: step<'snapshot.offered'>((c, event) => acknowledgeAtOnce(c, event, takeOffer)) },
      }),
    }),
    seeds: 30,
    kinds: ['partition', 'crash'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'request record missing after a snapshot',
    breaks: 'a received snapshot is stored without its request records',
    twist: () => ({ engines: (engines, of) => (of === 'snapshots' ? forgetRequests(engines) : engines) }),
    seeds: 30,
    kinds: ['partition', 'crash', 'weather'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'expired retry applied',
    breaks: 'the store takes every request for one that was first sent just now',
    twist: () => ({
      ports: (ports) => ({
        ...ports,
        kv: withRequest(ports.kv, (id) => ({ ...id, since: Number.MAX_SAFE_INTEGER })),
      }),
    }),
    seeds: 12,
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'one member with another window',
    breaks: 'one of the members never takes a retry for expired',
    twist: (name) => ({
      ports: (ports) =>
        name !== 'n2'
          ? ports
          : { ...ports, kv: withRequest(ports.kv, (id) => ({ ...id, since: Number.MAX_SAFE_INTEGER })) },
    }),
    seeds: 12,
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'a retry is done again',
    breaks: 'request ids are not looked at',
    twist: () => ({ ports: (ports) => ({ ...ports, kv: withRequest(ports.kv, () => null) }) }),
    seeds: 12,
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'answer matched by index alone (node)',
    breaks: 'a decided entry carries the term in which something was appended there, whatever its own',
    twist: () => {
      const terms = new Map<number, Term>();
      return {
        effects: (effect) => {
          if (effect.type === 'confirmAppended') {
            effect.ids.forEach((_id, i) => terms.set(effect.first + i, effect.term));
          }
          return [effect];
        },
        ports: (ports) => ({
          ...ports,
          kv: replace(ports.kv, {
            decide: async (entries) =>
              (await ports.kv.decide(entries)).map((one) => ({ ...one, term: terms.get(one.index) ?? one.term })),
          }),
        }),
      };
    },
    seeds: 40,
    kinds: ['partition'],
    clients: { clients: 5, pause_ms: 30, timeout_ms: 3000, deadline_ms: 6000, ids: true },
  },
  {
    level: 'cluster',
    name: 'read before applied (node)',
    breaks: 'a read index is answered from whatever is applied',
    twist: () => ({
      effects: (effect) => [effect.type === 'answerRead' ? { ...effect, index: index(0) } : effect],
    }),
    seeds: 12,
    kinds: ['slowDisk', 'weather'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: "serializable read older than this member's own answer",
    breaks: 'a local read is answered from the store at once, whatever was answered before',
    twist: () => ({ ports: (ports) => ({ ...ports, door: answerLocally(ports) }) }),
    seeds: 12,
    kinds: ['slowDisk'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'apply out of order (node)',
    breaks: 'a batch of committed entries is handed to the store from its end',
    twist: () => ({
      effects: (effect) =>
        effect.type === 'apply' ? [{ ...effect, entries: [...effect.entries].reverse() }] : [effect],
    }),
    seeds: 5,
  },
  {
    level: 'cluster',
    name: 'one member decides another command',
    breaks: "one member's store sees another value than the log has",
    twist: (name) => ({
      ports: (ports) =>
        name !== 'n1'
          ? ports
          : { ...ports, kv: replace(ports.kv, { decide: (all) => ports.kv.decide(all.map(twice)) }) },
    }),
    seeds: 5,
  },
];

/** A put that writes its value twice over. */
function twice(entry: Entry): Entry {
  if (entry.kind !== 'command') return entry;
  const command = decodeCommand(entry.data);
  if (command.operation.type !== 'put') return entry;
  const { put } = command.operation;
  const value = Uint8Array.of(...put.value, ...put.value);
  return { ...entry, data: encodeCommand({ ...command, operation: { type: 'put', put: { ...put, value } } }) };
}
