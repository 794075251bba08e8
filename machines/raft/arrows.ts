/** Arrows that several roles have in the same words. Each role spells out the rest, the term gate first. */

/**
 * The term gate (Raft §5.1). Newer: adopt it, be a follower that knows no leader yet, hear the same letter again in the
 * same macrostep. Older: a request is answered with one's own term, so that its sender does not go on.
 */
export const termGate = [
  { guard: 'newerTerm', target: '#raft.follower', reenter: true, actions: ['adoptTerm', 'hearAgain'] },
  { guard: 'olderTerm', actions: 'answerWithOwnTerm' },
] as const;

/** The gate for states that a newer term does not end. */
export const termGateInPlace = [
  { guard: 'newerTerm', actions: ['forgetLeader', 'adoptTerm', 'hearAgain'] },
  { guard: 'olderTerm', actions: 'answerWithOwnTerm' },
] as const;

/** What happens to a member, whatever its role. */
export const everyone = {
  applied: { actions: 'noteApplied' },
  'link.silent': { actions: 'noteSilence' },
  'link.heard': { actions: 'noteSound' },
} as const;

/** What a member that does not lead refuses, and what was meant for a leader and comes too late. */
export const notLeading = {
  ...everyone,
  'log.kept': [{ guard: 'keptStillHolds', actions: 'keepLog' }, { actions: 'ignored' }],
  proposed: { actions: 'refuseNotLeader' },
  'change.proposed': { actions: 'refuseNotLeader' },
  'snapshot.prepared': { actions: 'dropPrepared' },
  'transfer.asked': { actions: 'ignored' },
  'snapshot.dropped': { actions: 'ignored' },
} as const;

/** Answers to a leader this member is no more: only a newer term in them counts. */
export const lateForLeader = {
  'append.accepted': [...termGate, { actions: 'ignored' }],
  'append.refused': [...termGate, { actions: 'ignored' }],
  'heartbeat.answered': [...termGate, { actions: 'ignored' }],
  'snapshot.refused': [...termGate, { actions: 'ignored' }],
} as const;

/** Answers to a campaign that is over: only a newer term in them counts. */
export const lateForCandidate = {
  'vote.answered': [...termGate, { actions: 'ignored' }],
  'preVote.answered': [...termGate, { actions: 'ignored' }],
} as const;

/** Reports of an installation that this member did not begin, or gave up. */
export const notInstalling = {
  'snapshot.installed': { actions: 'ignored' },
  'snapshot.failed': { actions: 'ignored' },
} as const;

/** An offer is taken when none is being installed and it helps; the leader behind it is heard in any case. */
export const offers = {
  'snapshot.offered': [
    ...termGateInPlace,
    { guard: 'offerIsWelcome', actions: 'takeOffer' },
    { guard: 'nothingInstalling', actions: 'refuseOffer' },
    { actions: 'followLeader' },
  ],
} as const;

/** While a snapshot is installed: nothing is promised, the leader is remembered, the commit index stands still. */
export const whileInstalling = {
  ...notLeading,
  'append.sent': [...termGateInPlace, { guard: 'isBehind', actions: 'askForSnapshot' }, { actions: 'followLeader' }],
  'heartbeat.sent': [...termGateInPlace, { actions: 'hearHeartbeatOnly' }],
  'readIndex.asked': [...termGateInPlace, { actions: 'refuseRelayedRead' }],
  'readIndex.answered': [...termGateInPlace, { actions: 'hearReadIndex' }],
  'preVote.asked': { actions: 'ignored' },
  'vote.asked': { actions: 'ignored' },
  'preVote.answered': [...termGateInPlace, { actions: 'ignored' }],
  'vote.answered': [...termGateInPlace, { actions: 'ignored' }],
  'append.accepted': [...termGateInPlace, { actions: 'ignored' }],
  'append.refused': [...termGateInPlace, { actions: 'ignored' }],
  'heartbeat.answered': [...termGateInPlace, { actions: 'ignored' }],
  'snapshot.refused': [...termGateInPlace, { actions: 'ignored' }],
  'campaign.asked': [...termGateInPlace, { actions: 'ignored' }],
  'read.asked': [{ guard: 'leaderKnown', actions: 'relayRead' }, { actions: 'voidRead' }],
  tick: [{ guard: 'electionDue', actions: ['forgetLeader', 'restartTimeout', 'countTick'] }, { actions: 'countTick' }],
} as const;
