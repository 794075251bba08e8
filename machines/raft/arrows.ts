/** Arrows that several roles have in the same words. Each role spells out the rest, the term gate first. */

/**
 * The term gate (Raft §5.1), first for letters that ask. Newer: adopt it, be a follower that knows no leader yet, hear
 * the same letter again in the same macrostep. Older: answered with one's own term, so that its sender does not go on.
 */
export const newerTerm = {
  guard: 'newerTerm',
  target: '#raft.follower',
  reenter: true,
  actions: ['adoptTerm', 'hearAgain'],
} as const;
const olderTerm = { guard: 'olderTerm', actions: 'answerWithOwnTerm' } as const;
export const termGate = [newerTerm, olderTerm] as const;

/** Of an answer in a newer term only the term counts: nothing was asked here in it. */
const newerAnswer = { guard: 'newerTerm', target: '#raft.follower', reenter: true, actions: 'adoptTerm' } as const;
const olderAnswer = { guard: 'olderTerm', actions: 'ignored' } as const;

/** The gate for letters that nobody answers. */
export const answerGate = [newerAnswer, olderAnswer] as const;

/** An answer to nothing: only a newer term in it counts. */
export const onlyItsTerm = [newerAnswer, { actions: 'ignored' }] as const;

/** The gates for states that a newer term does not end. */
export const newerTermInPlace = { guard: 'newerTerm', actions: ['forgetLeader', 'adoptTerm', 'hearAgain'] } as const;
export const termGateInPlace = [newerTermInPlace, olderTerm] as const;
const newerAnswerInPlace = { guard: 'newerTerm', actions: ['forgetLeader', 'adoptTerm'] } as const;
export const answerGateInPlace = [newerAnswerInPlace, olderAnswer] as const;
const onlyItsTermInPlace = [newerAnswerInPlace, { actions: 'ignored' }] as const;

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

/** Answers to a leader this member is no more. */
export const lateForLeader = {
  'append.accepted': onlyItsTerm,
  'append.refused': onlyItsTerm,
  'heartbeat.answered': onlyItsTerm,
  'snapshot.refused': onlyItsTerm,
} as const;

/** Answers to a campaign that is over. */
export const lateForCandidate = {
  'vote.answered': onlyItsTerm,
  'preVote.answered': onlyItsTerm,
} as const;

/** The same, and an invitation from nobody it follows, where a newer term ends nothing. */
export const lateInPlace = {
  'append.accepted': onlyItsTermInPlace,
  'append.refused': onlyItsTermInPlace,
  'heartbeat.answered': onlyItsTermInPlace,
  'snapshot.refused': onlyItsTermInPlace,
  'vote.answered': onlyItsTermInPlace,
  'preVote.answered': onlyItsTermInPlace,
  'campaign.asked': onlyItsTermInPlace,
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
  ...lateInPlace,
  'append.sent': [...termGateInPlace, { guard: 'isBehind', actions: 'askForSnapshot' }, { actions: 'followLeader' }],
  'heartbeat.sent': [...termGateInPlace, { actions: 'hearHeartbeatOnly' }],
  'readIndex.asked': [newerTermInPlace, { actions: 'refuseRelayedRead' }],
  'readIndex.answered': [...answerGateInPlace, { actions: 'hearReadIndex' }],
  'preVote.asked': { actions: 'ignored' },
  'vote.asked': { actions: 'ignored' },
  'read.asked': [{ guard: 'leaderKnown', actions: 'relayRead' }, { actions: 'voidRead' }],
  tick: [{ guard: 'electionDue', actions: ['forgetLeader', 'restartTimeout', 'countTick'] }, { actions: 'countTick' }],
} as const;
