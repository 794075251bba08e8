/**
 * Broken variants: the honest product with one thing replaced, so that it loses data in one particular way. Each must
 * be caught by the simulation; what does not catch these cannot be trusted to catch anything.
 */
import { index, type EventOf } from '../../machines/language/vocabulary.js';
import { termAt } from '../../machines/raft/tail.js';
import * as election from '../../machines/raft/election.js';
import { acceptAppend, acceptAppendBy } from '../../machines/raft/following.js';
import { commitTo, noteApplied } from '../../machines/raft/keeping.js';
import { sendHeartbeatsWith } from '../../machines/raft/office.js';
import { raftMachine } from '../../machines/raft/raft.machine.js';
import { step } from '../../machines/raft/setup.js';
import { takeOffer } from '../../machines/raft/snapshots.js';
import {
  acknowledgeAtOnce,
  applyFromTail,
  commitAnyTerm,
  countTwice,
  early,
  nothing,
  toOthers,
  trimFurther,
} from './broken-handlers.js';
import type { SimulationFailure } from './failure.js';
import { playFigureEight } from './figure-eight.js';
import { playScenario } from './played-scenario.js';
import type { RaftTwist } from './raft-cluster.js';

export interface RaftVariant {
  readonly level: 'raft';
  readonly name: string;
  /** What is replaced, in a sentence. */
  readonly breaks: string;
  readonly twist: RaftTwist;
  /** Seeds it may take. */
  readonly seeds: number;
  /** A script instead of a swarm. */
  readonly play?: (seed: number, twist: RaftTwist) => Promise<SimulationFailure | null>;
  /** The kinds of faults that bring it out, where the swarm would take long. */
  readonly kinds?: readonly string[];
}

export const raftVariants: readonly RaftVariant[] = [
  {
    level: 'raft',
    name: 'commit without quorum',
    breaks: 'a leader commits what is durable in its own log',
    twist: {
      machine: raftMachine.provide({
        actions: {
          advanceCommit: step((c) =>
            termAt(c, c.durable) === c.hardState.term && c.durable > c.hardState.commit
              ? commitTo(c, c.durable)
              : nothing,
          ),
        },
      }),
    },
    seeds: 5,
  },
  {
    level: 'raft',
    name: "commit by counting an older term's entries",
    breaks: 'a leader commits what a quorum holds, of whatever term (Raft, figure 8)',
    twist: { machine: raftMachine.provide({ actions: { advanceCommit: step(commitAnyTerm) } }) },
    seeds: 5,
    play: playFigureEight,
  },
  {
    level: 'raft',
    name: 'vote twice in a term',
    breaks: 'a vote is given to every candidate whose log will do, and not remembered',
    twist: {
      machine: raftMachine.provide({
        guards: {
          mayVote: ({ context, event }) => election.candidateUpToDate(context, event as EventOf<'vote.asked'>),
        },
        actions: {
          grantVote: step<'vote.asked'>((c, event) => {
            const granted = election.grantVote({ ...c, hardState: { ...c.hardState, vote: null } }, event);
            return { next: { heard_tick: c.ticks }, out: granted.out };
          }),
        },
      }),
    },
    seeds: 60,
    kinds: ['partition', 'crashAll'],
  },
  {
    level: 'raft',
    name: 'vote lost at restart',
    breaks: 'a restarted node remembers its term but not its vote',
    twist: {
      restart: ({ log }) => log.write({ hardState: { ...log.hardState, vote: null }, entries: [] }),
    },
    seeds: 200,
  },
  {
    level: 'raft',
    name: 'vote asked before it is durable',
    breaks: 'a candidate asks for votes while its own is still on its way to the disk',
    twist: {
      machine: raftMachine.provide({
        actions: { startCampaign: step((c) => early(election.startCampaign(c), toOthers)) },
      }),
    },
    seeds: 5,
  },
  {
    level: 'raft',
    name: 'vote given before it is durable',
    breaks: 'a voter answers while its vote is still on its way to the disk',
    twist: {
      machine: raftMachine.provide({
        actions: { grantVote: step<'vote.asked'>((c, event) => early(election.grantVote(c, event), toOthers)) },
      }),
    },
    seeds: 5,
  },
  {
    level: 'raft',
    name: 'own acknowledgement of an earlier term counted',
    breaks: "a node believes its log's answer whatever the term, and whatever the log holds there now",
    twist: { machine: raftMachine.provide({ guards: { keptStillHolds: () => true } }) },
    seeds: 60,
    kinds: ['slowDisk', 'partition', 'pause'],
  },
  {
    level: 'raft',
    name: 'answer before fsync',
    breaks: 'a follower acknowledges entries that are still on their way to its disk',
    twist: {
      machine: raftMachine.provide({
        actions: { acceptAppend: step<'append.sent'>((c, event) => early(acceptAppend(c, event), toOthers)) },
      }),
    },
    seeds: 5,
  },
  {
    level: 'raft',
    name: 'read without a quorum round',
    breaks: 'a leader answers read indexes without asking whether it still leads',
    twist: { machine: raftMachine.provide({ guards: { roundConfirmed: ({ context }) => context.reading !== null } }) },
    seeds: 60,
    kinds: ['wake'],
  },
  {
    level: 'raft',
    name: 'read index before the own first entry',
    breaks: 'a new leader serves before an entry of its own term is committed',
    twist: { machine: raftMachine.provide({ guards: { ownEntryCommitted: () => true } }) },
    seeds: 60,
    kinds: ['newcomer', 'transfer', 'weather'],
  },
  {
    level: 'raft',
    name: 'read index id reused',
    breaks: 'reads are asked under few ids, again and again',
    twist: { readId: (n) => n % 3 },
    seeds: 200,
  },
  {
    level: 'raft',
    name: 'read before applied',
    breaks: 'a read index is answered from whatever is applied',
    twist: { effect: (effect) => (effect.type === 'answerRead' ? { ...effect, index: index(0) } : effect) },
    seeds: 5,
  },
  {
    level: 'raft',
    name: 'log-up-to-date check skipped',
    breaks: 'a vote is given whatever the log of the candidate holds',
    twist: {
      machine: raftMachine.provide({
        guards: {
          mayVote: ({ context, event }) => election.voteFree(context, event as EventOf<'vote.asked'>),
          mayPreVote: ({ context, event }) => (event as EventOf<'preVote.asked'>).term > context.hardState.term,
        },
      }),
    },
    seeds: 60,
    kinds: ['partition', 'crash'],
  },
  {
    level: 'raft',
    name: 'a late append that truncates',
    breaks: 'a follower replaces its log by what an append carries, also when it holds all of it already',
    twist: {
      machine: raftMachine.provide({
        actions: {
          acceptAppend: step<'append.sent'>(
            acceptAppendBy((c, { entries }) => entries.filter((entry) => entry.index > c.hardState.commit)),
          ),
        },
      }),
    },
    seeds: 100,
  },
  {
    level: 'raft',
    name: "heartbeat carries the leader's commit index",
    breaks: 'a follower is told to commit what it may not hold, or holds of another term',
    twist: {
      machine: raftMachine.provide({
        actions: { sendHeartbeats: step(sendHeartbeatsWith((c) => c.hardState.commit)) },
      }),
    },
    seeds: 100,
  },
  {
    level: 'raft',
    name: 'a repeated acknowledgement counted twice',
    breaks: 'an acknowledgement that brings nothing new is counted for another member',
    twist: {
      machine: raftMachine.provide({ actions: { countAck: step<'append.accepted'>(countTwice) } }),
    },
    seeds: 100,
  },
  {
    level: 'raft',
    name: 'state written ahead of the own log',
    breaks: 'a leader applies what a quorum holds before its own log does',
    twist: { machine: raftMachine.provide({ actions: { advanceCommit: step(applyFromTail) } }) },
    seeds: 60,
    kinds: ['slowDisk'],
  },
  {
    level: 'raft',
    name: 'log trimmed past a synced state',
    breaks: 'the log is trimmed up to what is committed, applied or not',
    twist: {
      machine: raftMachine.provide({
        actions: {
          noteApplied: step<'applied'>((c, event) => {
            const outcome = noteApplied(c, event);
            return { ...outcome, out: outcome.out.map((effect) => trimFurther(c, effect)) };
          }),
        },
      }),
    },
    seeds: 50,
  },
  {
    level: 'raft',
    name: 'snapshot acknowledged before durable',
    breaks: 'a follower acknowledges a snapshot when it is offered',
    twist: {
      machine: raftMachine.provide({
        actions: {
          takeOffer: step<'snapshot.offered'>((c, event) => acknowledgeAtOnce(c, event, takeOffer)),
        },
      }),
    },
    seeds: 100,
  },
  {
    level: 'raft',
    name: 'late snapshot rewinds',
    breaks: 'an offer is taken whatever is committed already',
    twist: { machine: raftMachine.provide({ guards: { offerIsAhead: () => true } }) },
    seeds: 1,
    play: playScenario('snapshot-late.txt'),
  },
  {
    level: 'raft',
    name: 'apply out of order',
    breaks: 'a batch of committed entries is applied from its end',
    twist: {
      effect: (effect) => (effect.type === 'apply' ? { ...effect, entries: [...effect.entries].reverse() } : effect),
    },
    seeds: 5,
  },
  {
    level: 'raft',
    name: 'answer matched by index alone',
    breaks: 'a proposal is answered by whatever entry stands where it was appended',
    twist: { matchByIndex: true },
    seeds: 200,
  },
];
