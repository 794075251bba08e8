/** The follower: takes what its leader sends, and campaigns when it hears none (Raft §5.2). */
import {
  answerGate,
  lateForCandidate,
  lateForLeader,
  newerTerm,
  notInstalling,
  notLeading,
  offers,
  onlyItsTerm,
  termGate,
  whileInstalling,
} from './arrows.js';
import { raft } from './setup.js';

const whatBecomesOfIt = [
  { guard: 'ownRemovalCommitted', target: '#raft.removed' },
  { guard: 'isLearner', target: '#raft.learner', actions: 'noteMembership' },
  { guard: 'isBehind', target: '#raft.follower.installing' },
] as const;

export const follower = raft.createStateConfig({
  description: 'Takes entries from the leader of its term; campaigns when it has heard none for an election timeout.',
  initial: 'leaderless',
  entry: 'beNews',
  always: { guard: 'hasNews', actions: 'announceFollower' },
  on: {
    ...notLeading,
    ...lateForLeader,
    ...lateForCandidate,
    ...notInstalling,
    'preVote.asked': [
      { guard: 'leaderHeard', actions: 'ignored' },
      { guard: 'mayPreVote', actions: 'grantPreVote' },
      { actions: 'refuseVote' },
    ],
  },
  states: {
    leaderless: {
      description: 'Knows no leader of its term; may give its vote.',
      entry: 'forgetLeader',
      always: whatBecomesOfIt,
      on: {
        tick: [
          { guard: 'campaignDue', target: '#raft.preCandidate', actions: 'countTick' },
          { guard: 'electionDue', actions: ['restartTimeout', 'countTick'] },
          { actions: 'countTick' },
        ],
        'vote.asked': [newerTerm, { guard: 'mayVote', actions: 'grantVote' }, { actions: 'refuseVote' }],
        'append.sent': [...termGate, { target: 'following', actions: ['followLeader', 'hearAgain'] }],
        'heartbeat.sent': [...termGate, { target: 'following', actions: ['followLeader', 'hearAgain'] }],
        'snapshot.offered': [...termGate, { target: 'following', actions: ['followLeader', 'hearAgain'] }],
        'campaign.asked': onlyItsTerm,
        'readIndex.asked': [newerTerm, { actions: 'refuseRelayedRead' }],
        'readIndex.answered': onlyItsTerm,
        'read.asked': { actions: 'voidRead' },
      },
    },
    following: {
      description:
        'Hears the leader of its term: takes its entries, asks it for read indexes, defends it against rivals.',
      always: whatBecomesOfIt,
      on: {
        tick: [
          { guard: 'campaignDue', target: '#raft.preCandidate', actions: ['forgetLeader', 'countTick'] },
          { guard: 'electionDue', target: 'leaderless', actions: ['restartTimeout', 'countTick'] },
          { actions: 'countTick' },
        ],
        'vote.asked': [{ guard: 'leaderHeardAndNoTransfer', actions: 'ignored' }, newerTerm, { actions: 'refuseVote' }],
        'append.sent': [...termGate, { guard: 'continuesLog', actions: 'acceptAppend' }, { actions: 'refuseAppend' }],
        'heartbeat.sent': [...termGate, { actions: 'hearHeartbeat' }],
        'snapshot.offered': [
          ...termGate,
          { guard: 'offerIsAhead', target: 'installing', actions: 'takeOffer' },
          { actions: 'acknowledgeOffer' },
        ],
        'campaign.asked': [
          ...answerGate,
          { guard: 'invitedByLeader', target: '#raft.candidate', actions: ['forgetLeader', 'acceptInvitation'] },
          { actions: 'ignored' },
        ],
        'readIndex.asked': [newerTerm, { actions: 'refuseRelayedRead' }],
        'readIndex.answered': [...answerGate, { actions: 'hearReadIndex' }],
        'read.asked': { actions: 'relayRead' },
      },
    },
    installing: {
      description: 'Fetches and installs a snapshot, or waits for an offer of one; promises nothing meanwhile.',
      on: {
        ...whileInstalling,
        ...offers,
        'snapshot.installed': [
          { guard: 'leaderKnown', target: 'following', actions: 'adoptSnapshot' },
          { target: 'leaderless', actions: 'adoptSnapshot' },
        ],
        'snapshot.failed': [
          { guard: 'leaderKnown', target: 'following', actions: 'reportFailure' },
          { target: 'leaderless', actions: 'reportFailure' },
        ],
      },
    },
  },
});
