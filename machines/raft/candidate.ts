/** The candidates: one asks who would vote for it, the other asks for the votes (Raft §5.2, thesis §9.6). */
import { answerGate, lateForLeader, newerTerm, notInstalling, notLeading, onlyItsTerm, termGate } from './arrows.js';
import { raft } from './setup.js';

const rivalLeads = [...termGate, { target: '#raft.follower', actions: ['heedLeader', 'hearAgain'] }] as const;

/** What both do: without a leader nothing can be read, and whoever leads this term is followed. */
const campaigning = {
  ...notLeading,
  ...notInstalling,
  ...lateForLeader,
  'append.sent': rivalLeads,
  'heartbeat.sent': rivalLeads,
  'snapshot.offered': rivalLeads,
  'campaign.asked': onlyItsTerm,
  'readIndex.asked': [newerTerm, { actions: 'refuseRelayedRead' }],
  'readIndex.answered': onlyItsTerm,
  'read.asked': { actions: 'voidRead' },
} as const;

export const preCandidate = raft.createStateConfig({
  description: 'Asks the others whether they would vote for it; raises no term until a quorum would.',
  entry: ['beNews', 'startPreCampaign'],
  always: [
    { guard: 'quorumWouldVote', target: 'candidate' },
    { guard: 'quorumRefused', target: 'follower' },
    { guard: 'hasNews', actions: 'announcePreCandidate' },
  ],
  on: {
    ...campaigning,
    tick: [
      { guard: 'campaignDue', target: 'preCandidate', reenter: true, actions: 'countTick' },
      { guard: 'electionDue', target: 'follower', actions: ['restartTimeout', 'countTick'] },
      { actions: 'countTick' },
    ],
    'preVote.asked': [{ guard: 'mayPreVote', actions: 'grantPreVote' }, { actions: 'refuseVote' }],
    'vote.asked': [
      newerTerm,
      { guard: 'mayVote', target: 'follower', actions: 'grantVote' },
      { actions: 'refuseVote' },
    ],
    'preVote.answered': [answerGate[0], { actions: 'countVote' }],
    'vote.answered': onlyItsTerm,
  },
});

export const candidate = raft.createStateConfig({
  description: 'Has voted for itself in a term of its own and asks the others for their votes.',
  entry: 'startCampaign',
  always: [
    { guard: 'quorumVoted', target: 'leader' },
    { guard: 'quorumRefused', target: 'follower' },
    { guard: 'hasNews', actions: 'announceCandidate' },
  ],
  on: {
    ...campaigning,
    tick: [
      { guard: 'campaignDue', target: 'preCandidate', actions: 'countTick' },
      { guard: 'electionDue', target: 'follower', actions: ['restartTimeout', 'countTick'] },
      { actions: 'countTick' },
    ],
    'preVote.asked': [{ guard: 'mayPreVote', actions: 'grantPreVote' }, { actions: 'refuseVote' }],
    'vote.asked': [newerTerm, { actions: 'refuseVote' }],
    'vote.answered': [...answerGate, { actions: 'countVote' }],
    'preVote.answered': onlyItsTerm,
  },
});
