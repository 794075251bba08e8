/** Broken variants of whole nodes: one real part of the product replaced, and the whole cluster must show it. */
import { decodeCommand, encodeCommand } from '../../machines/language/codec.js';
import {
  type Entry,
  type Epoch,
  type EventOf,
  index,
  memberId,
  type Term,
} from '../../machines/language/vocabulary.js';
import { mayVote } from '../../machines/raft/election.js';
import { isLearner } from '../../machines/raft/membership.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { step } from '../../machines/raft/setup.js';
import { takeOffer } from '../../machines/raft/snapshots.js';
import {
  answerLocally,
  askAgainInNextTerm,
  finalRefusals,
  forgetRequests,
  holesAreTorn,
  installInTwoSteps,
  membershipOfState,
  splitBatches,
  stateFirst,
  unsynced,
  unsyncedLog,
  withRequest,
} from './broken-parts.js';
import { acknowledgeAtOnce, hearUnderFewIds, relayUnderFewIds } from './broken-handlers.js';
import type { ClientSettings } from './clients.js';
import type { ClusterTwist, LifeTwist } from './cluster.js';
import {
  playEarlierLife,
  playHole,
  playInstall,
  playLateAnswer,
  playLearner,
  playMembership,
  playReelection,
  playRefusals,
  playRepeated,
  playTwins,
  playWiped,
  type Script,
} from './scripted-variants.js';
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
  /** How many of the product's own clients. */
  readonly sessions?: number;
  /** A script instead of a swarm. */
  readonly play?: Script;
}

/** Many writes by few, and reads beside them. */
const busy = { clients: 8, pause_ms: 10, timeout_ms: 400, deadline_ms: 3000, ids: true } as const;

export const clusterVariants: readonly ClusterVariant[] = [
  {
    level: 'cluster',
    name: 'answer before fsync',
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
    name: 'vote lost at restart',
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
    name: 'log trimmed past a synced state',
    breaks: 'the state is written without a sync, and raft is told that it is durable',
    twist: () => ({ engines: (engines, of) => (of === 'state' ? unsynced(engines) : engines) }),
    seeds: 12,
    kinds: ['crashAll'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'snapshot acknowledged before durable',
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
    name: 'one replica with another limit',
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
    name: 'answer matched by index alone',
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
    name: 'read before applied',
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
    name: 'apply out of order',
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
  {
    level: 'cluster',
    name: 'answer to an earlier boot counted',
    breaks: 'the boot epoch is not raised: frames and read ids of all lives of a member look alike',
    twist: () => ({
      ports: (ports) => ({
        ...ports,
        identity: replace(ports.identity, {
          open: async (name, cluster_name) => ({
            ...(await ports.identity.open(name, cluster_name)),
            epoch: 1 as Epoch,
          }),
        }),
      }),
    }),
    seeds: 5,
    play: playEarlierLife,
  },
  {
    level: 'cluster',
    name: 'read index id reused',
    breaks: 'a member asks its leader for read indexes under two ids, again and again',
    twist: () => ({
      machine: raftMachine.provide({
        actions: {
          relayRead: step<'read.asked'>(relayUnderFewIds),
          hearReadIndex: step<'readIndex.answered'>(hearUnderFewIds),
        },
      }),
    }),
    seeds: 5,
    play: playLateAnswer,
  },
  {
    level: 'cluster',
    name: 'applied index and data in different batches',
    breaks: 'the link with the applied index is written in a batch of its own, ahead of the data',
    twist: () => ({ engines: (engines, of) => (of === 'state' ? splitBatches(engines) : engines) }),
    seeds: 30,
    kinds: ['crash', 'crashAll', 'slowDisk'],
    clients: busy,
  },
  {
    level: 'cluster',
    name: 'a hole in a reopened file accepted',
    breaks: 'a broken batch in the middle of the log is taken for its torn end',
    twist: () => ({ disk: holesAreTorn }),
    seeds: 3,
    play: playHole,
  },
  {
    level: 'cluster',
    name: 'snapshot installed in two steps',
    breaks: "one record makes the received state current, the next one moves the log's start",
    twist: () => ({ ports: (ports) => ({ ...ports, log: installInTwoSteps(ports.log) }) }),
    seeds: 5,
    play: playInstall,
  },
  {
    level: 'cluster',
    name: 'wiped member votes',
    breaks: 'the identity of a new directory follows from its name, so that an emptied one is the member it was',
    twist: nameIsIdentity,
    seeds: 3,
    play: playWiped,
  },
  {
    level: 'cluster',
    name: 'two processes of one name counted',
    breaks: 'the identity of a new directory follows from its name, so that two processes of one name are one member',
    twist: nameIsIdentity,
    seeds: 3,
    play: playTwins,
  },
  {
    level: 'cluster',
    name: 'learner refuses to vote',
    breaks: 'a learner gives nobody its vote, though it may have been promoted already',
    twist: () => ({
      machine: raftMachine.provide({
        guards: {
          mayVote: ({ context, event }) =>
            !isLearner(context, context.self) && mayVote(context, event as EventOf<'vote.asked'>),
        },
      }),
    }),
    seeds: 3,
    play: playLearner,
  },
  {
    level: 'cluster',
    name: 'membership from the state database at restart',
    breaks: 'a node starts with the membership that its state has, not with the later one in its log',
    twist: () => ({ ports: membershipOfState }),
    seeds: 3,
    play: playMembership,
  },
  {
    level: 'cluster',
    name: "a deposed leader's refusal taken as final",
    breaks: 'a member that does not lead says so in words that settle the request',
    twist: () => ({ ports: (ports) => ({ ...ports, door: finalRefusals(ports.door) }) }),
    seeds: 5,
    play: playRefusals,
  },
  {
    level: 'cluster',
    name: 'request re-proposed after re-election',
    breaks: 'what was refused or lost in one term is proposed again when the member leads again',
    twist: () => ({ ports: (ports) => ({ ...ports, door: askAgainInNextTerm(ports.door) }) }),
    seeds: 5,
    play: playReelection,
  },
  {
    level: 'cluster',
    name: 'state check before the request lookup',
    breaks: 'a compaction is refused as done already before it is asked whether this very request did it',
    twist: () => ({ ports: (ports) => ({ ...ports, kv: stateFirst(ports.kv) }) }),
    seeds: 5,
    play: playRepeated,
  },
];

/** Who lives in an empty directory is said by its name. */
function nameIsIdentity(name: string): LifeTwist {
  return { identity: memberId(BigInt(name.charCodeAt(1))) };
}

/** A put that writes its value twice over. */
function twice(entry: Entry): Entry {
  if (entry.kind !== 'command') return entry;
  const command = decodeCommand(entry.data);
  if (command.operation.type !== 'put') return entry;
  const { put } = command.operation;
  const value = Uint8Array.of(...put.value, ...put.value);
  return { ...entry, data: encodeCommand({ ...command, operation: { type: 'put', put: { ...put, value } } }) };
}
