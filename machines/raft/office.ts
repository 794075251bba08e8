/** A leader's office: taking it, its ticks, handing it over, leaving it. */
import { limits } from '../language/limits.js';
import type { Effect, Entry, EventOf, Letter, MemberId, Round } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { Handler, Movement, Outcome, RaftContext } from './context.js';
import { because, entryBytes, followedBy, nothing } from './context.js';
import { isVoter, someoneElseVotes, inForce } from './membership.js';
import { heardRecently, isQuorum, quorumHeard } from './quorum.js';
import { acknowledgedCommit, sendRound, voidLeaderReads } from './reads.js';
import { appendOwn, rowsOf } from './replication.js';
import { lastIndex } from './tail.js';

/** Opens the term with an empty entry: once it is committed, so is all before it (Raft §8). */
export const takeOffice = (c: RaftContext): Outcome => {
  const opened = index(lastIndex(c) + 1);
  const next: Partial<RaftContext> = {
    leader: c.self,
    heard_tick: c.ticks,
    opened,
    doorOpen: false,
    uncommitted: [],
    uncommitted_bytes: 0,
    round: 0 as Round,
    reading: null,
    readsWaiting: [],
    transfer: null,
    progress: new Map(),
    cause: because('quorumVoted'),
  };
  const after = { ...c, ...next };
  const progress = rowsOf(after);
  const entry: Entry = { index: opened, term: c.hardState.term, kind: 'empty' };
  const movement: Movement = { durable: c.durable, durable_tick: c.ticks, sum: -1, sum_tick: c.ticks };
  return followedBy(c, { next: { ...next, progress, movement }, out: [] }, (then) =>
    appendOwn(then, [entry], entryBytes(entry), []),
  );
};

/** The first entry of this term is committed: now read indexes are true and membership may change. */
export const ownEntryCommitted = (c: RaftContext): boolean => c.hardState.commit >= c.opened;

export const openDoor = (c: RaftContext): Outcome => ({
  next: { doorOpen: true },
  out: [{ type: 'openDoor', term: c.hardState.term }],
});

/** Interest and promises cannot outlive the role: the door closes, reads are void, nobody pulls snapshots any more. */
export const leaveOffice = (c: RaftContext): Outcome => {
  const out: Effect[] = [];
  if (c.doorOpen) out.push({ type: 'closeDoor', term: c.hardState.term });
  out.push(...voidLeaderReads(c));
  for (const [to, row] of c.progress) if (row.phase === 'snapshotting') out.push({ type: 'dropSnapshot', to });
  const next: Partial<RaftContext> = {
    leader: null,
    heard_tick: c.ticks,
    doorOpen: false,
    reading: null,
    readsWaiting: [],
    transfer: null,
    successor: bestSuccessor(c) ?? null,
    progress: new Map(),
    uncommitted: [],
    uncommitted_bytes: 0,
    // A newer term, or its removal, says so itself.
    cause: because(quorumLost(c) ? 'quorumLost' : 'cannotLead'),
  };
  return { next, out };
};

/* ---- ticks ------------------------------------------------------------------------------------------------------- */

export const heartbeatDue = (c: RaftContext): boolean =>
  (c.ticks + 1 - c.heard_tick) % c.settings.heartbeat_ticks === 0;

export const countLeaderTick = (c: RaftContext): Outcome => {
  const ticks = c.ticks + 1;
  return { next: { ticks, movement: observe({ ...c, ticks }) }, out: [] };
};

/**
 * Heartbeats carry a new round each time: a read round whose letters were lost is repeated by it under a new number.
 */
export const sendHeartbeatsWith =
  (commitFor: typeof acknowledgedCommit) =>
  (c: RaftContext): Outcome =>
    followedBy(c, countLeaderTick(c), (then) => sendRound(then, commitFor));
export const sendHeartbeats = sendHeartbeatsWith(acknowledgedCommit);

/** When own durability, and the logs of the quorum, last moved (or had nothing to move for). */
function observe(c: RaftContext): Movement {
  const before = c.movement;
  const writing = c.tail.entries.length > 0 && c.durable === before.durable;
  let sum = c.hardState.commit + c.durable;
  for (const row of c.progress.values()) sum += row.match;
  const waiting = lastIndex(c) > c.hardState.commit && sum === before.sum && quorumCouldMove(c);
  return {
    durable: c.durable,
    durable_tick: writing ? before.durable_tick : c.ticks,
    sum,
    sum_tick: waiting ? before.sum_tick : c.ticks,
  };
}

/** Without members that are not heard (that is check quorum's) or busy with a snapshot, would there be a quorum? */
const quorumCouldMove = (c: RaftContext): boolean =>
  isQuorum(
    inForce(c),
    (id) => heardRecently(c, id, c.ticks) && (id === c.self || c.progress.get(id)?.phase !== 'snapshotting'),
  );

export const quorumLost = (c: RaftContext): boolean => !quorumHeard(c, c.ticks + 1);

/**
 * [safety] A leader that can only heartbeat is no leader: its own log write takes an election timeout, commit stands
 * still
 * that long with entries waiting while a quorum is there, or its door or bulk connection is silent.
 */
export const cannotLead = (c: RaftContext): boolean => {
  if (!someoneElseVotes(c)) return false;
  const { election_ticks } = c.settings;
  const now = c.ticks + 1;
  return (
    c.silent.size > 0 || now - c.movement.durable_tick > election_ticks || now - c.movement.sum_tick > election_ticks
  );
};

/** Asks the best successor to campaign at once: the way out of an office that was just left. */
export const resign = (c: RaftContext): Outcome => {
  if (c.successor === null) return nothing;
  return { next: {}, out: [{ type: 'send', letters: [invitation(c, c.successor)] }] };
};

const invitation = (c: RaftContext, to: MemberId): Letter => ({
  to,
  message: { type: 'campaign.asked', from: c.self, term: c.hardState.term },
});

/** The voter heard of late whose log is the furthest. */
function bestSuccessor(c: RaftContext): MemberId | undefined {
  let best: MemberId | undefined;
  let match = -1;
  for (const [id, row] of c.progress) {
    if (!isVoter(c, id) || !heardRecently(c, id, c.ticks) || row.phase === 'snapshotting') continue;
    if (row.match > match) [best, match] = [id, row.match];
  }
  return best;
}

/* ---- transfer (thesis §3.10) ------------------------------------------------------------------------------------- */

const targetOf = (c: RaftContext, event: EventOf<'transfer.asked'>): MemberId | undefined =>
  event.target === null ? bestSuccessor(c) : event.target;

export const canHandOver = (c: RaftContext, event: EventOf<'transfer.asked'>): boolean => {
  const target = targetOf(c, event);
  return target !== undefined && target !== c.self && isVoter(c, target);
};

export const startTransfer: Handler<EventOf<'transfer.asked'>> = (c, event) => {
  const target = targetOf(c, event);
  if (target === undefined) return nothing;
  const patience = Math.min(c.settings.election_ticks, limits.transfer_ticks_max);
  return { next: { transfer: { target, due_tick: c.ticks + patience, asked: false } }, out: [] };
};

/** The target holds the whole log, and was not asked yet. */
export const targetCaughtUp = (c: RaftContext): boolean =>
  c.transfer !== null && !c.transfer.asked && c.progress.get(c.transfer.target)?.match === lastIndex(c);

export const inviteTarget = (c: RaftContext): Outcome => {
  if (c.transfer === null) return nothing;
  return {
    next: { transfer: { ...c.transfer, asked: true } },
    out: [{ type: 'send', letters: [invitation(c, c.transfer.target)] }],
  };
};

export const transferOverdue = (c: RaftContext): boolean => c.transfer === null || c.ticks >= c.transfer.due_tick;

export const giveUpTransfer = (_c: RaftContext): Outcome => ({ next: { transfer: null }, out: [] });
