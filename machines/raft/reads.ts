/** Read indexes (thesis §6.4): all reads that wait share one quorum round; a follower asks its leader. */
import { invariant } from '../language/invariant.js';
import type { Effect, EventOf, Index, Letter, MemberId, ReadId, Round } from '../language/vocabulary.js';
import type { Handler, Outcome, PendingRead, RaftContext } from './context.js';
import { followedBy, nothing } from './context.js';
import { send } from './election.js';
import { isQuorum } from './quorum.js';
import { inForce } from './membership.js';
import type { Progress } from './progress.js';
import { index } from '../language/vocabulary.js';

/* ---- at the leader ----------------------------------------------------------------------------------------------- */

export const gatherOwnRead: Handler<EventOf<'read.asked'>> = (c, event) => gather(c, { id: event.id, from: c.self });
export const gatherRelayedRead: Handler<EventOf<'readIndex.asked'>> = (c, event) =>
  gather(c, { id: event.id, from: event.from });

/** One round is in flight at most; reads that come meanwhile gather for the next. */
function gather(c: RaftContext, read: PendingRead): Outcome {
  const readsWaiting = [...c.readsWaiting, read];
  if (c.reading !== null) return { next: { readsWaiting }, out: [] };
  return startRound({ ...c, readsWaiting });
}

/** [safety] A round counts only for reads that were asked before it left: they get the commit index of that moment. */
function startRound(c: RaftContext): Outcome {
  const round = (c.round + 1) as Round;
  const reading = { round, index: c.hardState.commit, reads: c.readsWaiting };
  const next: Partial<RaftContext> = { reading, readsWaiting: [] };
  return followedBy(c, { next, out: [] }, (then) => sendRound(then, acknowledgedCommit));
}

/**
 * A heartbeat to every member, with a new round number. [safety] It carries no more of the commit index than the member
 * acknowledged in this term: nothing is assumed about the order of messages.
 */
export function sendRound(c: RaftContext, commitFor: typeof acknowledgedCommit): Outcome {
  const round = (c.round + 1) as Round;
  const letters: Letter[] = [];
  for (const [to, row] of c.progress) {
    const commit = commitFor(c, row);
    letters.push({ to, message: { type: 'heartbeat.sent', from: c.self, term: c.hardState.term, commit, round } });
  }
  return { next: { round }, out: letters.length === 0 ? [] : [{ type: 'send', letters }] };
}

export const acknowledgedCommit = (c: RaftContext, row: Progress): Index =>
  index(Math.min(c.hardState.commit, row.match));

/**
 * A quorum of distinct voters of this configuration has answered the round, or a later one of this term: an answer
 * counts
 * once for each member however often and in whatever order it arrives.
 */
export function roundConfirmed(c: RaftContext): boolean {
  const { reading } = c;
  if (reading === null) return false;
  return isQuorum(inForce(c), (id) => id === c.self || (c.progress.get(id)?.round ?? 0) >= reading.round);
}

export const answerReads = (c: RaftContext): Outcome => {
  const { reading } = c;
  if (reading === null) return nothing;
  const out: Effect[] = [];
  const letters: Letter[] = [];
  for (const { id, from } of reading.reads) {
    if (from === c.self) out.push({ type: 'answerRead', id, index: reading.index });
    else letters.push(answerTo(c, from, id, reading.index));
  }
  if (letters.length > 0) out.push({ type: 'send', letters });
  const answered: Outcome = { next: { reading: null }, out };
  if (c.readsWaiting.length === 0) return answered;
  return followedBy(c, answered, startRound);
};

const answerTo = (c: RaftContext, to: MemberId, id: ReadId, at: Index | null): Letter => ({
  to,
  message: { type: 'readIndex.answered', from: c.self, term: c.hardState.term, id, index: at },
});

/** Nobody here can say: not the leader, or not yet serving. */
export const refuseRelayedRead: Handler<EventOf<'readIndex.asked'>> = (c, event) =>
  send(answerTo(c, event.from, event.id, null));

/** The reads of a leader that leaves: interest cannot outlive the role. */
export function voidLeaderReads(c: RaftContext): readonly Effect[] {
  const pending = [...(c.reading?.reads ?? []), ...c.readsWaiting];
  const ids = pending.filter((read) => read.from === c.self).map((read) => read.id);
  const letters = pending.filter((read) => read.from !== c.self).map((read) => answerTo(c, read.from, read.id, null));
  const out: Effect[] = [];
  if (ids.length > 0) out.push({ type: 'voidReads', ids });
  if (letters.length > 0) out.push({ type: 'send', letters });
  return out;
}

/* ---- elsewhere --------------------------------------------------------------------------------------------------- */

export const voidRead: Handler<EventOf<'read.asked'>> = (_c, event) => ({
  next: {},
  out: [{ type: 'voidReads', ids: [event.id] }],
});

/** Asks the leader under the read's own id, which is never used again: a late answer can only mean this question. */
export const relayRead: Handler<EventOf<'read.asked'>> = (c, event) => {
  invariant(c.leader !== null, 'a read is relayed to a leader that is known', { event });
  const message = { type: 'readIndex.asked', from: c.self, term: c.hardState.term, id: event.id } as const;
  return {
    next: { relayed: [...c.relayed, { id: event.id, tick: c.ticks }] },
    out: [{ type: 'send', letters: [{ to: c.leader, message }] }],
  };
};

/** [safety] Counts only while the question is open: a change of leader in between has made it void. */
export const hearReadIndex: Handler<EventOf<'readIndex.answered'>> = (c, event) => {
  if (event.from !== c.leader || !c.relayed.some((read) => read.id === event.id)) return nothing;
  const next = { relayed: c.relayed.filter((read) => read.id !== event.id) };
  if (event.index === null) return { next, out: [{ type: 'voidReads', ids: [event.id] }] };
  return { next, out: [{ type: 'answerRead', id: event.id, index: event.index }] };
};
