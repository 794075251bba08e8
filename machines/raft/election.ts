/** Elections: timeouts, pre-votes, votes, and adopting a newer term (Raft §5.2, thesis §9.6). */
import { invariant } from '../language/invariant.js';
import type { Effect, EventOf, Letter, MemberId, PeerMessage, ReadId, Role, Term } from '../language/vocabulary.js';
import { term } from '../language/vocabulary.js';
import { drawTimeout } from './chance.js';
import type { Handler, Outcome, RaftContext } from './context.js';
import { because, followedBy, nothing } from './context.js';
import { persist } from './keeping.js';
import { inForce, isVoter, someoneElseVotes } from './membership.js';
import { isUpToDate, lastMark } from './tail.js';

/* ---- time -------------------------------------------------------------------------------------------------------- */

/** Guards are asked before the tick is counted: the tick at hand is the next one. */
export const electionDue = (c: RaftContext): boolean => c.ticks + 1 - c.heard_tick >= c.timeout;

/** Voters campaign, unless a connection is silent that a leader needs: it would only be deposed. */
export const mayCampaign = (c: RaftContext): boolean =>
  isVoter(c, c.self) && (c.silent.size === 0 || !someoneElseVotes(c));

/**
 * A leader was heard within an election timeout: who asks for a vote now has merely lost touch with it (thesis
 * §4.2.3).
 */
export const leaderHeard = (c: RaftContext): boolean =>
  c.leader !== null && c.ticks - c.heard_tick < c.settings.election_ticks;

export const countTick = (c: RaftContext): Outcome =>
  followedBy(c, { next: { ticks: c.ticks + 1 }, out: [] }, voidOverdueReads);

/** A read that the leader did not answer for an election timeout is void: the question or the answer was lost. */
function voidOverdueReads(c: RaftContext): Outcome {
  const first = c.relayed[0];
  if (first === undefined || c.ticks - first.tick < c.settings.election_ticks) return nothing;
  const late = c.relayed.filter((read) => c.ticks - read.tick >= c.settings.election_ticks);
  return {
    next: { relayed: c.relayed.slice(late.length) },
    out: [{ type: 'voidReads', ids: late.map((read) => read.id) }],
  };
}

/** No leader is known any more; what was asked of it is void. */
export const forgetLeader = (c: RaftContext): Outcome => {
  const ids: readonly ReadId[] = c.relayed.map((read) => read.id);
  const next: Partial<RaftContext> = { leader: null, relayed: [] };
  return { next, out: ids.length === 0 ? [] : [{ type: 'voidReads', ids }] };
};

/** A new wait, of a new random length. */
export const restartTimeout = (c: RaftContext): Outcome => ({
  next: { ...waitAnew(c), cause: because('electionTimeout') },
  out: [],
});

function waitAnew(c: RaftContext): Partial<RaftContext> {
  return { heard_tick: c.ticks, ...drawTimeout(c.random, c.settings.election_ticks) };
}

/* ---- terms ------------------------------------------------------------------------------------------------------- */

/** The letters whose term is the sender's own. A pre-vote's is one that nobody is in yet. */
const fromPeer = (event: object): event is PeerMessage => 'from' in event;

export const newerTerm = (c: RaftContext, event: object): boolean =>
  fromPeer(event) && event.term > c.hardState.term && !isHypothetical(event);

const isHypothetical = (event: PeerMessage): boolean =>
  event.type === 'preVote.asked' || (event.type === 'preVote.answered' && event.granted);

export const olderTerm = (c: RaftContext, event: object): boolean => fromPeer(event) && event.term < c.hardState.term;

/** A newer term is kept before anything is said in it, and its vote is still free. */
export const adoptTerm = (c: RaftContext, event: object): Outcome => {
  invariant(newerTerm(c, event), 'term never goes back', { own: c.hardState.term, event });
  const { term: newer, from } = event as PeerMessage;
  const cause = because('newerTerm', from);
  const next = { hardState: { ...c.hardState, term: newer, vote: null }, leader: null, cause };
  return { next, out: [persist({ ...c, ...next }, [], [])] };
};

export type Question = EventOf<
  'preVote.asked' | 'vote.asked' | 'append.sent' | 'heartbeat.sent' | 'snapshot.offered' | 'readIndex.asked'
>;

/** Tells the sender of a request the newer term, so that it does not go on in its own. */
export const answerWithOwnTerm: Handler<Question> = (c, event) =>
  send({ to: event.from, message: answerInOwnTerm(c, event) });

function answerInOwnTerm(c: RaftContext, event: Question): PeerMessage {
  const own = { from: c.self, term: c.hardState.term };
  switch (event.type) {
    case 'preVote.asked':
      return { type: 'preVote.answered', ...own, campaign: event.campaign, granted: false };
    case 'vote.asked':
      return { type: 'vote.answered', ...own, campaign: event.campaign, granted: false };
    case 'append.sent':
      return {
        type: 'append.refused',
        ...own,
        previous: event.previous.index,
        hint: lastMark(c),
        needsSnapshot: false,
      };
    case 'heartbeat.sent':
      return { type: 'heartbeat.answered', ...own, round: event.round };
    case 'snapshot.offered':
      return { type: 'snapshot.refused', ...own, index: event.snapshot.index, reason: 'offered in an older term' };
    case 'readIndex.asked':
      return { type: 'readIndex.answered', ...own, id: event.id, index: null };
  }
}

export const send = (...letters: readonly Letter[]): Outcome => ({ next: {}, out: [{ type: 'send', letters }] });

/* ---- campaigns --------------------------------------------------------------------------------------------------- */

/** Asks who would vote: nothing changes anywhere yet. */
export const startPreCampaign = (c: RaftContext): Outcome => {
  const next: Partial<RaftContext> = {
    ...waitAnew(c),
    leader: null,
    invited: false,
    campaign: c.campaign + 1,
    votes: new Map([[c.self, true]]),
    cause: because('electionTimeout'),
  };
  const letters = others(c).map((to): Letter => ({
    to,
    message: {
      type: 'preVote.asked',
      from: c.self,
      term: term(c.hardState.term + 1),
      last: lastMark(c),
      campaign: c.campaign + 1,
    },
  }));
  return { next, out: letters.length === 0 ? [] : [{ type: 'send', letters }] };
};

/**
 * A term of one's own, and the own vote in it. [safety] The requests for votes hang on the write like the vote itself:
 * they
 * promise the term, the vote and the log's end.
 */
export const startCampaign = (c: RaftContext): Outcome => {
  const campaign = c.campaign + 1;
  const hardState = { ...c.hardState, term: term(c.hardState.term + 1), vote: c.self };
  const cause = c.invited ? c.cause : because('quorumWouldVote');
  const next: Partial<RaftContext> = { ...waitAnew(c), leader: null, hardState, campaign, votes: new Map(), cause };
  const own = { from: c.self, term: hardState.term, campaign };
  const letters: Letter[] = [{ to: 'self', message: { type: 'vote.answered', ...own, granted: true } }];
  for (const to of others(c)) {
    letters.push({ to, message: { type: 'vote.asked', ...own, last: lastMark(c), transfer: c.invited } });
  }
  return { next, out: [persist({ ...c, ...next }, [], letters)] };
};

const others = (c: RaftContext): readonly MemberId[] =>
  inForce(c)
    .voters.map((voter) => voter.id)
    .filter((id) => id !== c.self);

/**
 * The leader itself asks this member to campaign: it needs no pre-vote, and no one defends the leader (thesis §3.10).
 */
export const acceptInvitation: Handler<EventOf<'campaign.asked'>> = (_c, event) => ({
  next: { invited: true, cause: because('invited', event.from) },
  out: [],
});

/** A rival leads the term: what is done about it, the follower does. */
export const heedLeader: Handler<{ readonly from: MemberId }> = (_c, event) => ({
  next: { cause: because('leaderHeard', event.from) },
  out: [],
});

/** Counts an answer once for each voter. [safety] Only answers to this campaign, in this term and this life, count. */
export const countVote: Handler<EventOf<'vote.answered'> | EventOf<'preVote.answered'>> = (c, event) => {
  if (event.campaign !== c.campaign || !isVoter(c, event.from)) return nothing;
  const cause = event.granted ? c.cause : because('quorumRefused');
  return { next: { votes: new Map(c.votes).set(event.from, event.granted), cause }, out: [] };
};

/* ---- votes ------------------------------------------------------------------------------------------------------- */

/** [safety] One vote a term; repeated, it goes to the same candidate. */
export const voteFree = (c: RaftContext, event: EventOf<'vote.asked'>): boolean =>
  event.term === c.hardState.term && (c.hardState.vote === null || c.hardState.vote === event.from);

/** [safety] Nobody votes for a log that may lack what is committed (Raft §5.4.1). */
export const candidateUpToDate = (c: RaftContext, event: EventOf<'vote.asked'> | EventOf<'preVote.asked'>): boolean =>
  isUpToDate(c, event.last);

export const mayVote = (c: RaftContext, event: EventOf<'vote.asked'>): boolean =>
  voteFree(c, event) && candidateUpToDate(c, event);

export const mayPreVote = (c: RaftContext, event: EventOf<'preVote.asked'>): boolean =>
  event.term > c.hardState.term && candidateUpToDate(c, event);

/** The vote leaves once it is on disk. */
export const grantVote: Handler<EventOf<'vote.asked'>> = (c, event) => {
  const cause = because('voteGiven', event.from);
  const next = { hardState: { ...c.hardState, vote: event.from }, heard_tick: c.ticks, cause };
  const message = { type: 'vote.answered', from: c.self, term: event.term, campaign: event.campaign } as const;
  return { next, out: [persist({ ...c, ...next }, [], [{ to: event.from, message: { ...message, granted: true } }])] };
};

export const grantPreVote: Handler<EventOf<'preVote.asked'>> = (c, event) =>
  send({
    to: event.from,
    message: {
      type: 'preVote.answered',
      from: c.self,
      term: event.term,
      campaign: event.campaign,
      granted: true,
    },
  });

/* ---- announcements ----------------------------------------------------------------------------------------------- */

export const hasNews = (c: RaftContext): boolean =>
  c.announced === null ||
  c.announced.term !== c.hardState.term ||
  c.announced.leader !== c.leader ||
  c.announced.configuration !== inForce(c);

export const announceAs = (c: RaftContext, role: Role): Outcome => {
  const told: { term: Term; leader: MemberId | null } = { term: c.hardState.term, leader: c.leader };
  const configuration = inForce(c);
  const effect: Effect = { type: 'announce', role, cause: c.cause, ...told, configuration };
  return { next: { announced: { ...told, configuration } }, out: [effect] };
};
export const beNews = (_c: RaftContext): Outcome => ({ next: { announced: null }, out: [] });
