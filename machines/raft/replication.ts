/** The leader's side of the log: proposals come in, appends go out, acknowledgements are counted (Raft §5.3). */
import { invariant } from '../language/invariant.js';
import type { Effect, Entry, EventOf, Index, Letter, MemberId, Proposal } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { Handler, Outcome, RaftContext } from './context.js';
import { entryBytes, followedBy, nothing } from './context.js';
import { persist } from './keeping.js';
import { changed, configurationsAfter, inForce } from './membership.js';
import type { Progress } from './progress.js';
import { accepted, firstProgress, hasRoom, heard, overdue, probe, sent, snapshotting } from './progress.js';
import { appended, lastAgreement, lastIndex, sliceForAppend, termAt } from './tail.js';

/* ---- in ---------------------------------------------------------------------------------------------------------- */

export const batchBytes = (batch: readonly Proposal[]): number =>
  batch.reduce((sum, proposal) => sum + proposal.data.length + 32, 0);

/** Appends a batch: written to the own log and sent to the others side by side (thesis §10.2.1). */
export const appendBatch: Handler<EventOf<'proposed'>> = (c, event) => {
  const first = index(lastIndex(c) + 1);
  const { term } = c.hardState;
  const entries = event.batch.map(({ data }, i): Entry => ({ index: index(first + i), term, kind: 'command', data }));
  if (entries.length === 0) return nothing;
  const ids = event.batch.map(({ id }) => id);
  const confirmed: Effect = { type: 'confirmAppended', term, first, ids };
  return appendOwn(c, entries, batchBytes(event.batch), [confirmed]);
};

/** Appends a membership change: in force from here on. */
export const appendChange: Handler<EventOf<'change.proposed'>> = (c, event) => {
  const configuration = changed(inForce(c), event.change);
  invariant(configuration !== undefined, 'a change that means nothing is refused before', event.change);
  const at = index(lastIndex(c) + 1);
  const { term } = c.hardState;
  const entry: Entry = { index: at, term, kind: 'configuration', configuration };
  return appendOwn(c, [entry], entryBytes(entry), [{ type: 'confirmAppended', term, first: at, ids: [event.id] }]);
};

/** Appends entries of this leader's term behind its log: a leader never truncates its own (Raft §5.3, Append-Only). */
export function appendOwn(
  c: RaftContext,
  entries: readonly Entry[],
  bytes: number,
  before: readonly Effect[],
): Outcome {
  const last = entries[entries.length - 1];
  invariant(last !== undefined && entries[0]?.index === lastIndex(c) + 1, 'a leader only appends to its log', {
    first: entries[0]?.index,
    last: lastIndex(c),
  });
  const configurations = configurationsAfter(c.configurations, entries);
  const next: Partial<RaftContext> = {
    tail: appended(c, entries),
    uncommitted: [...c.uncommitted, { last: last.index, bytes }],
    uncommitted_bytes: c.uncommitted_bytes + bytes,
    ...(configurations === c.configurations ? {} : { configurations, progress: rowsOf({ ...c, configurations }) }),
  };
  const outcome = followedBy(c, { next, out: before }, sendAppends);
  return { next: outcome.next, out: [...outcome.out, persist({ ...c, ...next }, entries, [])] };
}

/** One row for every other member; the rows of members that stay are kept. */
export function rowsOf(c: RaftContext): ReadonlyMap<MemberId, Progress> {
  const { voters, learners } = inForce(c);
  const rows = new Map<MemberId, Progress>();
  for (const { id } of [...voters, ...learners]) {
    if (id === c.self) continue;
    rows.set(id, c.progress.get(id) ?? firstProgress(index(lastIndex(c) + 1), c.ticks));
  }
  return rows;
}

export const refuseAs =
  (reason: 'notLeader' | 'staleTerm' | 'handingOver' | 'tooManyUncommitted' | 'changeInProgress') =>
  (_c: RaftContext, event: EventOf<'proposed'> | EventOf<'change.proposed'>): Outcome => {
    const ids = event.type === 'proposed' ? event.batch.map(({ id }) => id) : [event.id];
    return ids.length === 0 ? nothing : { next: {}, out: [{ type: 'refuseProposals', ids, reason }] };
  };

/* ---- out --------------------------------------------------------------------------------------------------------- */

/** Sends every member what may leave now: the next entries within its window, or the commit index once it holds all. */
export function sendAppends(c: RaftContext): Outcome {
  const letters: Letter[] = [];
  const out: Effect[] = [];
  let rows: Map<MemberId, Progress> | undefined;
  const slices = new Map<Index, readonly Entry[]>();
  for (const [id, row] of c.progress) {
    const after = fill(c, id, row, letters, out, slices);
    if (after === row) continue;
    rows ??= new Map(c.progress);
    rows.set(id, after);
  }
  if (rows === undefined) return nothing;
  if (letters.length > 0) out.push({ type: 'send', letters });
  return { next: { progress: rows }, out };
}

/** Slices are shared, so that what several members get is encoded once. */
function fill(
  c: RaftContext,
  id: MemberId,
  before: Progress,
  letters: Letter[],
  out: Effect[],
  slices: Map<Index, readonly Entry[]>,
): Progress {
  let row = before;
  while (hasRoom(row)) {
    const previous = index(row.next - 1);
    const previousTerm = termAt(c, previous);
    if (previousTerm === undefined) {
      out.push({ type: 'prepareSnapshot', to: id });
      return snapshotting(row, c.ticks);
    }
    const entries = slices.get(row.next) ?? sliceForAppend(c, row.next);
    slices.set(row.next, entries);
    if (entries.length === 0 && row.phase === 'streaming' && !untold(c, row)) return row;
    letters.push({
      to: id,
      message: {
        type: 'append.sent',
        from: c.self,
        term: c.hardState.term,
        previous: { index: previous, term: previousTerm },
        entries,
        commit: c.hardState.commit,
      },
    });
    let bytes = 0;
    for (const entry of entries) bytes += entryBytes(entry);
    row = sent(row, index(previous + entries.length), bytes, c.hardState.commit, c.ticks);
  }
  return row;
}

/**
 * A member that holds everything and has nothing on its way learns of a commit at once, not with the next heartbeat.
 */
const untold = (c: RaftContext, row: Progress): boolean =>
  row.flights.length === 0 && row.told < Math.min(c.hardState.commit, row.match);

/* ---- what members answer ----------------------------------------------------------------------------------------- */

export function withRow(c: RaftContext, id: MemberId, row: Progress): Partial<RaftContext> {
  return { progress: new Map(c.progress).set(id, row) };
}

/** Counts an acknowledgement: durable there up to `upTo`. */
export const countAck: Handler<EventOf<'append.accepted'>> = (c, event) => {
  const row = c.progress.get(event.from);
  if (row === undefined) return nothing;
  invariant(event.upTo <= lastIndex(c), 'nobody acknowledges what its leader does not hold', {
    event,
    last: lastIndex(c),
  });
  const known = heard(row, c.ticks);
  if (row.phase !== 'snapshotting')
    return { next: withRow(c, event.from, accepted(known, event.upTo, c.ticks)), out: [] };
  if (event.upTo < c.log.start.index) return { next: withRow(c, event.from, known), out: [] };
  return {
    next: withRow(c, event.from, accepted(known, event.upTo, c.ticks)),
    out: [{ type: 'dropSnapshot', to: event.from }],
  };
};

/** The logs do not meet where the append began: goes back to where they may (thesis §5.3, conflict hints). */
export const stepBack: Handler<EventOf<'append.refused'>> = (c, event) => {
  const row = c.progress.get(event.from);
  if (row === undefined) return nothing;
  const known = heard(row, c.ticks);
  if (row.phase === 'snapshotting') return { next: withRow(c, event.from, known), out: [] };
  if (event.needsSnapshot) {
    return {
      next: withRow(c, event.from, snapshotting(known, c.ticks)),
      out: [{ type: 'prepareSnapshot', to: event.from }],
    };
  }
  const late = row.phase === 'probing' ? event.previous !== row.next - 1 : event.previous <= row.match;
  if (late) return { next: withRow(c, event.from, known), out: [] };
  const { hint } = event;
  const beyondLog = hint.index < c.log.start.index; // Only a snapshot reaches that far back.
  const agreed = beyondLog ? hint.index : lastAgreement(c, hint.index, hint.term).index;
  const next = index(Math.min(agreed + 1, event.previous));
  return followedBy(c, { next: withRow(c, event.from, probe(known, next, c.ticks)), out: [] }, sendAppends);
};

/** The member lives. What was sent to it a while ago and not acknowledged was lost, and is sent again. */
export const hearAnswer: Handler<EventOf<'heartbeat.answered'>> = (c, event) => {
  const row = c.progress.get(event.from);
  if (row === undefined) return nothing;
  const round = event.round > row.round ? event.round : row.round;
  const known = { ...row, heard_tick: c.ticks, round };
  const late = overdue(row, c.ticks, c.settings.heartbeat_ticks);
  if (late && (row.phase === 'probing' || row.flights.length > 0)) {
    const again = probe(known, index(row.phase === 'probing' ? row.next : row.match + 1), c.ticks);
    return followedBy(c, { next: withRow(c, event.from, again), out: [] }, sendAppends);
  }
  if (late && row.phase === 'snapshotting' && row.offer !== null) {
    const message = { type: 'snapshot.offered', from: c.self, term: c.hardState.term, snapshot: row.offer } as const;
    return {
      next: withRow(c, event.from, { ...known, moved_tick: c.ticks }),
      out: [{ type: 'send', letters: [{ to: event.from, message }] }],
    };
  }
  return { next: withRow(c, event.from, known), out: [] };
};
