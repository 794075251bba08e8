/** The leader: settles in its term, then serves; hands over when asked, steps down when it cannot lead. */
import { answerGate, everyone, lateForCandidate, newerTerm, notInstalling, onlyItsTerm, termGate } from './arrows.js';
import { raft } from './setup.js';

const confirms = { guard: 'roundConfirmed', actions: 'answerReads' } as const;

export const leader = raft.createStateConfig({
  description: 'Orders the entries of its term: takes proposals, replicates them, commits what a quorum holds.',
  initial: 'settling',
  entry: 'takeOffice',
  exit: 'leaveOffice',
  always: [
    { guard: 'ownRemovalCommitted', target: 'removed', actions: 'resign' },
    { guard: 'hasNews', actions: 'announceLeader' },
  ],
  on: {
    ...everyone,
    ...notInstalling,
    ...lateForCandidate,
    tick: [
      { guard: 'quorumLost', target: 'follower', actions: 'countTick' },
      { guard: 'cannotLead', target: 'follower', actions: ['resign', 'countTick'] },
      { guard: 'heartbeatDue', actions: 'sendHeartbeats' },
      { actions: 'countLeaderTick' },
    ],
    'log.kept': [
      { guard: 'keptStillHolds', actions: ['keepLog', 'advanceCommit', 'sendAppends'] },
      { actions: 'ignored' },
    ],
    proposed: [
      { guard: 'otherTerm', actions: 'refuseStaleTerm' },
      { guard: 'tooMuchUncommitted', actions: 'refuseTooMany' },
      { actions: 'appendBatch' },
    ],
    'change.proposed': [{ guard: 'otherTerm', actions: 'refuseStaleTerm' }, { actions: 'refuseChange' }],
    'append.accepted': [...answerGate, { actions: ['countAck', 'advanceCommit', 'sendAppends'] }],
    'append.refused': [...answerGate, { actions: 'stepBack' }],
    'heartbeat.answered': [...answerGate, { actions: 'hearAnswer' }],
    'snapshot.refused': [...answerGate, { actions: 'hearOfferRefused' }],
    'snapshot.prepared': { actions: 'offerSnapshot' },
    'snapshot.dropped': { actions: 'endOffer' },
    'preVote.asked': { actions: 'ignored' },
    'vote.asked': [{ guard: 'noTransfer', actions: 'ignored' }, newerTerm, { actions: 'refuseVote' }],
    'append.sent': [...termGate, { actions: 'twoLeaders' }],
    'heartbeat.sent': [...termGate, { actions: 'twoLeaders' }],
    'snapshot.offered': [...termGate, { actions: 'twoLeaders' }],
    'campaign.asked': [...answerGate, { actions: 'twoLeaders' }],
    'readIndex.asked': [newerTerm, { actions: 'refuseRelayedRead' }],
    'readIndex.answered': onlyItsTerm,
    'read.asked': { actions: 'voidRead' },
    'transfer.asked': { actions: 'ignored' },
  },
  states: {
    settling: {
      description: 'Its first entry is not committed: it knows no true read index yet, and changes no membership.',
      always: { guard: 'ownEntryCommitted', target: 'serving', actions: 'openDoor' },
    },
    serving: {
      description: 'Serves proposals, reads and membership changes; its door is open.',
      always: confirms,
      on: {
        'read.asked': { actions: 'gatherOwnRead' },
        'readIndex.asked': [...termGate, { actions: 'gatherRelayedRead' }],
        'change.proposed': [
          { guard: 'otherTerm', actions: 'refuseStaleTerm' },
          { guard: 'changeRefused', actions: 'refuseChange' },
          { actions: 'appendChange' },
        ],
        'transfer.asked': [
          { guard: 'canHandOver', target: 'handingOver', actions: 'startTransfer' },
          { actions: 'ignored' },
        ],
      },
    },
    handingOver: {
      description: 'Takes nothing new; asks its successor to campaign once that holds the whole log.',
      always: [
        { guard: 'transferOverdue', target: 'serving', actions: 'giveUpTransfer' },
        { guard: 'targetCaughtUp', actions: 'inviteTarget' },
        confirms,
      ],
      on: {
        proposed: [{ guard: 'otherTerm', actions: 'refuseStaleTerm' }, { actions: 'refuseHandingOver' }],
        'change.proposed': [{ guard: 'otherTerm', actions: 'refuseStaleTerm' }, { actions: 'refuseHandingOver' }],
        'read.asked': { actions: 'gatherOwnRead' },
        'readIndex.asked': [...termGate, { actions: 'gatherRelayedRead' }],
      },
    },
  },
});
