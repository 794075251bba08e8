/** The learner: takes what the leader sends, is not counted, and does not campaign (thesis §4.2.1). */
import { notInstalling, notLeading, offers, termGateInPlace, whileInstalling } from './arrows.js';
import { raft } from './setup.js';

export const learner = raft.createStateConfig({
  description: 'Takes entries like a follower, but is not counted in any quorum and does not campaign.',
  initial: 'learning',
  entry: 'beNews',
  always: { guard: 'hasNews', actions: 'announceLearner' },
  states: {
    learning: {
      description:
        'Follows whichever leader it hears. Asked for a vote it answers like any other: it may have been promoted.',
      always: [
        { guard: 'ownRemovalCommitted', target: '#raft.removed' },
        { guard: 'isBehind', target: 'installing' },
        { guard: 'isVoterWithLeader', target: '#raft.follower.following' },
        { guard: 'isVoter', target: '#raft.follower' },
      ],
      on: {
        ...notLeading,
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
          ...termGateInPlace,
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
        'campaign.asked': [...termGateInPlace, { actions: 'ignored' }],
        'readIndex.asked': [...termGateInPlace, { actions: 'refuseRelayedRead' }],
        'readIndex.answered': [...termGateInPlace, { actions: 'hearReadIndex' }],
        'read.asked': [{ guard: 'leaderKnown', actions: 'relayRead' }, { actions: 'voidRead' }],
        'append.accepted': [...termGateInPlace, { actions: 'ignored' }],
        'append.refused': [...termGateInPlace, { actions: 'ignored' }],
        'heartbeat.answered': [...termGateInPlace, { actions: 'ignored' }],
        'snapshot.refused': [...termGateInPlace, { actions: 'ignored' }],
        'vote.answered': [...termGateInPlace, { actions: 'ignored' }],
        'preVote.answered': [...termGateInPlace, { actions: 'ignored' }],
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
