/**
 * The life of one key in the key index (B-05, B-06), packed small: a million keys must fit.
 *
 * A key that was put once, as the first change of its revision, is that revision's number alone. Any other key is a
 * flat array: version and create revision of the newest change (both 0 when it is a tombstone), then two numbers a
 * change, oldest first: main, and sub × 2 + (1 for a tombstone).
 *
 *     put at 2                        → 2
 *     … put at 4 (second in its txn)  → [2, 2,  2, 0,  4, 2]
 *     … deleted at 5                  → [0, 0,  2, 0,  4, 2,  5, 1]
 *     … put at 6: a new generation    → [1, 6,  2, 0,  4, 2,  5, 1,  6, 0]
 *     … compacted at 4                → [1, 6,          4, 2,  5, 1,  6, 0]
 *     … compacted at 5                → [1, 6,                  5, 1,  6, 0]   a tombstone at exactly 5 stays (B-24)
 *     … compacted at 6                → 6
 */
import { invariant } from '../machines/language/invariant.js';

export type KeyHistory = number | number[];

/** Where a change stands. */
export interface Place {
  readonly main: number;
  readonly sub: number;
}

const HEAD = 2;
/** Longer histories are pushed to in place; shorter ones are copied to their exact size. */
const PUSHED_LENGTH = 32;

const newestMain = (history: KeyHistory): number =>
  typeof history === 'number' ? history : (history.at(-2) as number);

export const isDeleted = (history: KeyHistory): boolean => typeof history !== 'number' && history[0] === 0;

export const versionOf = (history: KeyHistory): number => (typeof history === 'number' ? 1 : (history[0] as number));

export const createOf = (history: KeyHistory): number =>
  typeof history === 'number' ? history : (history[1] as number);

/** The history with one more change; the given one may have been changed in place. */
export function append(
  history: KeyHistory | undefined,
  change: { main: number; sub: number; tombstone: boolean; create: number; version: number },
): KeyHistory {
  const { main, sub, tombstone, create, version } = change;
  const flags = sub * 2 + (tombstone ? 1 : 0);
  if (history === undefined) {
    return flags === 0 && create === main && version === 1 ? main : [version, create, main, flags];
  }
  if (typeof history === 'number') return [version, create, history, 0, main, flags];
  if (history.length < PUSHED_LENGTH) {
    const longer = [...history, main, flags];
    longer[0] = version;
    longer[1] = create;
    return longer;
  }
  history[0] = version;
  history[1] = create;
  history.push(main, flags);
  return history;
}

/** Is (main, sub) newer than all that the history holds? */
export function isNewer(history: KeyHistory | undefined, main: number, sub: number): boolean {
  if (history === undefined) return true;
  const newest = newestMain(history);
  return main > newest || (main === newest && sub > subOf(history));
}

/** Where the key's value at `revision` stands: the last change with main ≤ revision, unless that is a tombstone. */
export function placeAt(history: KeyHistory, revision: number): Place | undefined {
  if (typeof history === 'number') return history <= revision ? { main: history, sub: 0 } : undefined;
  const at = lastUpTo(history, revision);
  if (at < HEAD) return undefined;
  const flags = history[at + 1] as number;
  return flags % 2 === 1 ? undefined : { main: history[at] as number, sub: flags >>> 1 };
}

/** The same question, only whether: for counting. */
export function isAliveAt(history: KeyHistory, revision: number): boolean {
  if (typeof history === 'number') return history <= revision;
  const at = lastUpTo(history, revision);
  return at >= HEAD && (history[at + 1] as number) % 2 === 0;
}

/** The changes with main ≥ revision, tombstones too, oldest first. */
export function visitFrom(history: KeyHistory, revision: number, visitor: (place: Place) => void): void {
  if (typeof history === 'number') {
    if (history >= revision) visitor({ main: history, sub: 0 });
    return;
  }
  for (let at = lastUpTo(history, revision - 1) + 2; at < history.length; at += 2) {
    visitor({ main: history[at] as number, sub: (history[at + 1] as number) >>> 1 });
  }
}

/** Is (main, sub) the last change with main ≤ revision, tombstone or not? */
export function isNewestAt(history: KeyHistory, revision: number, main: number, sub: number): boolean {
  if (typeof history === 'number') return history === main && sub === 0 && main <= revision;
  const at = lastUpTo(history, revision);
  return at >= HEAD && history[at] === main && (history[at + 1] as number) >>> 1 === sub;
}

/**
 * What a compaction at `revision` takes (B-24): all changes with main ≤ revision but the last one, and that too when
 * it is a tombstone older than `revision`. The places it takes are put into `taken`; undefined when nothing is left.
 */
export function compactHistory(history: KeyHistory, revision: number, taken: Place[]): KeyHistory | undefined {
  if (typeof history === 'number') return history;
  let at = lastUpTo(history, revision);
  if (at < HEAD) return history;
  const tombstone = (history[at + 1] as number) % 2 === 1;
  if (tombstone && (history[at] as number) < revision) at += 2;
  for (let i = HEAD; i < at; i += 2) taken.push({ main: history[i] as number, sub: (history[i + 1] as number) >>> 1 });
  if (at === history.length) return undefined;
  if (at + 2 === history.length && history[0] === 1 && history[1] === history[at] && history[at + 1] === 0) {
    return history[at];
  }
  return at === HEAD ? history : [history[0] as number, history[1] as number, ...history.slice(at)];
}

/** Could a compaction at `revision` take anything? Cheaper than asking what. */
export function isCompactable(history: KeyHistory, revision: number): boolean {
  if (typeof history === 'number' || (history[HEAD] as number) > revision) return false;
  const at = lastUpTo(history, revision);
  return at > HEAD || ((history[at + 1] as number) % 2 === 1 && (history[at] as number) < revision);
}

function lastUpTo(history: readonly number[], revision: number): number {
  invariant(history.length > HEAD, 'a history holds a change', { history });
  let at = history.length - 2;
  // Most questions are about the newest revisions; a long history is halved.
  if (history.length > 64 && (history[at - 16] as number) > revision) {
    let low = HEAD;
    let high = at - 16;
    while (low < high) {
      const middle = low + (((high - low) >>> 2) << 1);
      if ((history[middle] as number) <= revision) low = middle + 2;
      else high = middle;
    }
    at = low;
  }
  while (at >= HEAD && (history[at] as number) > revision) at -= 2;
  return at;
}

const subOf = (history: KeyHistory): number => (typeof history === 'number' ? 0 : (history.at(-1) as number) >>> 1);
