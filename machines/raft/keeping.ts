/** What is kept, committed and handed on: persist effects, own durability, the commit index, apply and trim effects. */
import { invariant } from '../language/invariant.js';
import { limits } from '../language/limits.js';
import type { Effect, Entry, EventOf, Index, Letter } from '../language/vocabulary.js';
import { index } from '../language/vocabulary.js';
import type { Handler, Outcome, RaftContext } from './context.js';
import { apply_bytes_max, nothing } from './context.js';
import { inForceAt } from './membership.js';
import { quorumMatch } from './quorum.js';
import { lastMark, released, termAt } from './tail.js';

/**
 * Writes the hard state and `entries`. [safety] Every write restates the log's end, also one of a hard state alone, in
 * the
 * term it is made in: no progress is lost with a letter that a newer term makes void.
 */
export const persist = (c: RaftContext, entries: readonly Entry[], then: readonly Letter[]): Effect => ({
  type: 'persist',
  hardState: c.hardState,
  entries,
  then: [...then, { to: 'self', message: { type: 'log.kept', term: c.hardState.term, end: lastMark(c) } }],
});

/**
 * [safety] A letter from the own log counts only in the term it was made in, and only where the log still holds what it
 * names: entries truncated and appended anew meanwhile (the ABA race) are not durable yet.
 */
export const keptStillHolds = (c: RaftContext, event: EventOf<'log.kept'>): boolean =>
  event.term === c.hardState.term && termAt(c, event.end.index) === event.end.term;

/** Own durability moves, and the tail is released, up to the end that was kept. */
export const keepLog: Handler<EventOf<'log.kept'>> = (c, event) => {
  if (event.end.index <= c.durable) return nothing;
  const next = { durable: event.end.index, tail: released(c.tail, event.end.index) };
  return handOn(c, next);
};

/**
 * Commits what a quorum holds. [safety] Only an entry of the own term is committed by counting (Raft §5.4.2, figure
 * 8).
 */
export const advanceCommit = (c: RaftContext): Outcome => {
  const held = quorumMatch(c);
  if (held <= c.hardState.commit || termAt(c, held) !== c.hardState.term) return nothing;
  return commitTo(c, held);
};

/** Moves the commit index forward, and hands on what may be applied. */
export function commitTo(c: RaftContext, commit: Index): Outcome {
  invariant(commit >= c.hardState.commit, 'commit never goes back', { commit, before: c.hardState.commit });
  invariant(commit <= lastMark(c).index, 'what is committed is in the log', { commit, last: lastMark(c).index });
  if (commit === c.hardState.commit) return nothing;
  return handOn(c, { hardState: { ...c.hardState, commit }, ...stillUncommitted(c, commit) });
}

function stillUncommitted(c: RaftContext, commit: Index): Partial<RaftContext> {
  if (c.uncommitted.length === 0) return {};
  const uncommitted = c.uncommitted.filter((part) => part.last > commit);
  return { uncommitted, uncommitted_bytes: uncommitted.reduce((sum, part) => sum + part.bytes, 0) };
}

/**
 * Hands committed entries to the state machine, in order, each once. [safety] Never beyond what this member's own log
 * holds
 * durably: the state must not run ahead of the log.
 */
function handOn(c: RaftContext, next: Partial<RaftContext>): Outcome {
  const after = { ...c, ...next };
  const limit = Math.min(after.hardState.commit, after.durable);
  // The log was cut at a snapshot whose letter is still on its way: it holds what would be handed on.
  if (after.installing !== null && after.handed < after.log.start.index) return { next, out: [] };
  const out: Effect[] = [];
  let handed = after.handed;
  while (handed < limit) {
    const entries = after.log.slice(index(handed + 1), index(limit), apply_bytes_max);
    const last = entries[entries.length - 1];
    invariant(last !== undefined && entries[0]?.index === handed + 1, 'entries are applied in order, without a hole', {
      handed,
      limit,
      first: entries[0]?.index,
    });
    out.push({ type: 'apply', entries });
    handed = last.index;
  }
  return { next: handed === after.handed ? next : { ...next, handed }, out };
}

/** What the log committed before this life is handed on at its start. */
export const handOnAtStart = (c: RaftContext): Outcome => handOn(c, {});

/**
 * The state is durable up to `event.index`. [safety] The log is trimmed only below that, and never what a member that
 * is being served still needs, within bounds.
 */
export const noteApplied: Handler<EventOf<'applied'>> = (c, event) => {
  if (event.index <= c.applied) return nothing;
  invariant(event.index <= c.hardState.commit, 'only what is committed is applied', {
    event,
    commit: c.hardState.commit,
  });
  const next = { applied: event.index };
  const held = event.index - Math.max(c.log.start.index, c.trimmed);
  const kept = entriesToKeep(c, held);
  if (kept === null) return { next, out: [] };
  const at = index(Math.min(event.index - kept, stillNeeded(c, held)));
  const term = termAt(c, at);
  const configuration = inForceAt(c.configurations, at);
  if (at <= c.trimmed || term === undefined || configuration === undefined) return { next, out: [] };
  const configurations = c.configurations.filter((entry) => entry.index >= configuration.index);
  return {
    next: { ...next, trimmed: at, configurations },
    out: [{ type: 'trimLog', mark: { index: at, term, configuration: configuration.configuration } }],
  };
};

/**
 * How many of the applied entries stay, or null while the log is short and small enough. Large entries stay in fewer.
 */
function entriesToKeep(c: RaftContext, held: number): number | null {
  const { log_entries_before_trim, log_entries_kept } = c.settings;
  const trimming = c.log.start.index < c.trimmed;
  if (!trimming && c.log.bytes > limits.log_bytes_before_trim) {
    return Math.min(log_entries_kept, Math.floor((held * limits.log_bytes_before_trim) / (2 * c.log.bytes)));
  }
  return held > log_entries_before_trim ? log_entries_kept : null;
}

/** A follower a little behind is worth this many times the usual log; beyond it, it gets a snapshot. */
const patience = 8;

function stillNeeded(c: RaftContext, held: number): number {
  let needed = Number.MAX_SAFE_INTEGER;
  if (c.log.bytes > patience * limits.log_bytes_before_trim) return needed;
  const patient = held <= patience * c.settings.log_entries_before_trim;
  for (const row of c.progress.values()) {
    if (row.phase === 'snapshotting') needed = Math.min(needed, row.offer?.index ?? c.trimmed);
    else if (patient && c.ticks - row.heard_tick < c.settings.election_ticks) needed = Math.min(needed, row.match);
  }
  return needed;
}

/** Whether so much is appended and uncommitted that no more may come (one batch is always let in). */
export const tooMuchUncommitted = (c: RaftContext, bytes: number): boolean =>
  c.uncommitted_bytes > 0 && c.uncommitted_bytes + bytes > limits.uncommitted_bytes_max;
