/**
 * The log as raft sees it: what is not yet known durable comes from the tail, what lies before it from the view.
 *
 *   view:  start ── 5 6 7 8 9          a conflict at 7 was truncated, its replacement is not yet on disk:
 *   tail:               7'8'           first = 7, so 7 and 8 come from the tail and the view's 9 does not count
 */
import { invariant } from '../language/invariant.js';
import { limits } from '../language/limits.js';
import type { Entry, Index, Mark, Term } from '../language/vocabulary.js';
import { index, term } from '../language/vocabulary.js';
import type { RaftContext, Tail } from './context.js';
import { entryBytes } from './context.js';

type Log = Pick<RaftContext, 'log' | 'tail'>;

export const lastIndex = (c: Log): Index => index(c.tail.first + c.tail.entries.length - 1);

/** The term of the entry at `at`, also at the log's start; undefined outside. */
export function termAt(c: Log, at: Index): Term | undefined {
  if (at >= c.tail.first) return c.tail.entries[at - c.tail.first]?.term;
  return c.log.termAt(at);
}

/**
 * The end of the log. An installed snapshot cuts the log a while before raft hears of it: what this view had as its end
 * may be gone by then, and the log's own end stands for it.
 */
export function lastMark(c: Pick<RaftContext, 'log' | 'tail' | 'installing'>): Mark {
  const last = lastIndex(c);
  const found = termAt(c, last);
  if (found === undefined && c.installing !== null)
    return { index: c.log.last, term: c.log.termAt(c.log.last) ?? c.log.start.term };
  return markAt(c, last);
}

function markAt(c: Log, at: Index): Mark {
  const found = termAt(c, at);
  invariant(found !== undefined, 'a mark lies within the log', { at, start: c.log.start.index, last: lastIndex(c) });
  return { index: at, term: found };
}

/** Entries from `from` on, bounded as one append is; it may end before the log does. */
export function sliceForAppend(c: Log, from: Index): readonly Entry[] {
  const last = lastIndex(c);
  if (from > last) return [];
  const to = index(Math.min(last, from + limits.entries_per_append_max - 1));
  if (from < c.tail.first) {
    return c.log.slice(from, index(Math.min(to, c.tail.first - 1)), limits.bytes_per_append_max);
  }
  const begin = from - c.tail.first;
  let bytes = 0;
  let end = begin;
  for (const stop = to - c.tail.first + 1; end < stop && bytes < limits.bytes_per_append_max; end++) {
    bytes += entryBytes(c.tail.entries[end] as Entry);
  }
  if (begin === 0 && end === c.tail.entries.length) return c.tail.entries;
  return c.tail.entries.slice(begin, end);
}

/** The tail with `entries` behind it, or in place of what it holds from their first index on. */
export function appended(c: Log, entries: readonly Entry[]): Tail {
  const from = entries[0]?.index;
  if (from === undefined) return c.tail;
  invariant(from <= lastIndex(c) + 1, 'the log has no holes', { from, last: lastIndex(c) });
  if (from <= c.tail.first) return { first: from, entries };
  const kept = from - c.tail.first;
  const before = kept === c.tail.entries.length ? c.tail.entries : c.tail.entries.slice(0, kept);
  return { first: c.tail.first, entries: before.concat(entries) };
}

/** The tail without what is durable up to `upTo`. */
export function released(tail: Tail, upTo: Index): Tail {
  if (upTo < tail.first) return tail;
  const kept = upTo + 1 - tail.first;
  return { first: index(upTo + 1), entries: kept >= tail.entries.length ? [] : tail.entries.slice(kept) };
}

/** Whether a log that ends at `theirs` holds at least what this one does (Raft §5.4.1). */
export function isUpToDate(c: Parameters<typeof lastMark>[0], theirs: Mark): boolean {
  const own = lastMark(c);
  return theirs.term > own.term || (theirs.term === own.term && theirs.index >= own.index);
}

/** The last mark at or before `at` whose term is at most `most`: where two logs may still agree (thesis §5.3). */
export function lastAgreement(c: Log, at: Index, most: Term): Mark {
  let candidate = index(Math.min(at, lastIndex(c)));
  for (; candidate > c.log.start.index; candidate = index(candidate - 1)) {
    const found = termAt(c, candidate);
    if (found !== undefined && found <= most) return { index: candidate, term: found };
  }
  return { index: c.log.start.index, term: term(c.log.start.term) };
}
