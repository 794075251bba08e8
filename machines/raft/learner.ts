/** The learner: takes what the leader sends, is not counted, and does not campaign (thesis §4.2.1). */
import {
  answerGateInPlace,
  lateInPlace,
  newerTermInPlace,
  notInstalling,
  notLeading,
  offers,
  termGateInPlace,
  whileInstalling,
} from './arrows.js';
import { raft } from './setup.js';

export const learner = raft.createStateConfig({
  description: 'Takes entries like a follower, but is not counted in any quorum and does not campaign.',
  initial: 'learning',
  always: { guard: 'hasNews', actions: 'announceLearner' },
  on: notLeading,
  states: {
    learning: {
      description:
        'Follows whichever leader it hears. Asked for a vote it answers like any other: it may have been promoted.',
      always: [
        { guard: 'ownRemovalCommitted', target: '#raft.removed' },
        { guard: 'isBehind', target: 'installing' },
        { guard: 'isVoterWithLeader', target: '#raft.follower.following', actions: 'noteMembership' },
        { guard: 'isVoter', target: '#raft.follower', actions: 'noteMembership' },
      ],
      on: {
        ...lateInPlace,
        ...notInstalling,
        tick: [
          { guard: 'electionDue', actions: ['forgetLeader', 'restartTimeout', 'countTick'] },
          { actions: 'countTick' },
        ],
        'preVote.asked': [
          { guard: 'leaderHeard', actions: 'ignored' },
          { guard: 'mayPreVote', actions: 'grantPreVote' },
          { actions: 'refuseVote' },
        ],
        'vote.asked': [
          { guard: 'leaderHeardAndNoTransfer', actions: 'ignored' },
          newerTermInPlace,
          { guard: 'leaderKnown', actions: 'refuseVote' },
          { guard: 'mayVote', actions: 'grantVote' },
          { actions: 'refuseVote' },
        ],
        'append.sent': [
          ...termGateInPlace,
          { guard: 'continuesLog', actions: 'acceptAppend' },
          { actions: 'refuseAppend' },
        ],
        'heartbeat.sent': [...termGateInPlace, { actions: 'hearHeartbeat' }],
        'snapshot.offered': [
          ...termGateInPlace,
          { guard: 'offerIsAhead', target: 'installing', actions: 'takeOffer' },
          { actions: 'acknowledgeOffer' },
        ],
        'readIndex.asked': [newerTermInPlace, { actions: 'refuseRelayedRead' }],
        'readIndex.answered': [...answerGateInPlace, { actions: 'hearReadIndex' }],
        'read.asked': [{ guard: 'leaderKnown', actions: 'relayRead' }, { actions: 'voidRead' }],
      },
    },
    installing: {
      description: 'Fetches and installs a snapshot, or waits for an offer of one; promises nothing meanwhile.',
      on: {
        ...whileInstalling,
        ...offers,
        'snapshot.installed': { target: 'learning', actions: 'adoptSnapshot' },
        'snapshot.failed': { target: 'learning', actions: 'reportFailure' },
      },
    },
  },
});
