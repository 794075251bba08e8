/**
 * Key ranges, and an index that finds everything whose range holds a key, fast also among thousands: single keys by a
 * map, ranges by an interval tree.
 */
import { compareBytes, isNul, NUL } from './language/bytes.js';
import type { KeyRange } from './language/watching.js';

/** From ≤ key < to, each byte as one character: strings compare as the bytes do. */
export interface Span {
  readonly from: string;
  readonly to: string;
}

/** After every key of bytes. */
const AFTER_ALL = '\u{ffff}';

export function toName(bytes: Uint8Array): string {
  if (bytes.length < 1024) return String.fromCharCode(...bytes);
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 1024) parts.push(String.fromCharCode(...bytes.subarray(at, at + 1024)));
  return parts.join('');
}

export function spanOf({ key, range_end }: KeyRange): Span {
  const from = toName(key);
  if (range_end.length === 0) return { from, to: `${from}\0` };
  return { from, to: isNul(range_end) ? AFTER_ALL : toName(range_end) };
}

/** A range end that is not after its key: nothing is in it. */
export const isEmptyRange = ({ key, range_end }: KeyRange): boolean =>
  range_end.length > 0 && !isNul(range_end) && compareBytes(range_end, key) <= 0;

/** The same keys as ranges in order, none of which touches another. */
export function normalize(ranges: readonly KeyRange[]): readonly KeyRange[] {
  const [first, ...rest] = [...ranges].sort((a, b) => compareBytes(a.key, b.key));
  if (first === undefined) return [];
  const merged: KeyRange[] = [first];
  for (const range of rest) {
    const last = merged.at(-1) as KeyRange;
    const [span, next] = [spanOf(last), spanOf(range)];
    if (next.from > span.to || (next.from === span.to && isSingle(last) && isSingle(range))) merged.push(range);
    else if (next.to > span.to) merged[merged.length - 1] = { key: last.key, range_end: endOf(range) };
  }
  return merged;
}

const isSingle = (range: KeyRange): boolean => range.range_end.length === 0;

function endOf(range: KeyRange): Uint8Array {
  if (!isSingle(range)) return isNul(range.range_end) ? NUL : range.range_end;
  const end = new Uint8Array(range.key.length + 1);
  end.set(range.key);
  return end;
}

interface Interval<Row> extends Span {
  readonly rows: Set<Row>;
}

export interface RangeIndex<Row> {
  add(range: KeyRange, row: Row): void;
  remove(range: KeyRange, row: Row): void;
  /** Every row once for each of its ranges that holds the key. */
  find(key: Uint8Array, visitor: (row: Row) => void): void;
}

/** New intervals wait in a list until there are more than so many. */
const LOOSE_MAX = 32;

/**
 * Rows of equal ranges share an interval. The intervals lie in an array ordered by where they begin, read as a balanced
 * tree (the middle is the root), and `ends[i]` is the farthest end below the node `i`. What was added lately is looked
 * at one by one.
 *
 *     a-d  b-c  b-z  e-f  k-m        root b-z, below it a-d (with b-c) and e-f (with k-m)
 *     find g: root holds it; the left half ends at d, before g; in the right half e-f does not hold it, k begins after
 */
export function makeRangeIndex<Row>(): RangeIndex<Row> {
  const singles = new Map<string, Set<Row>>();
  const intervals = new Map<string, Interval<Row>>();
  let tree: readonly Interval<Row>[] = [];
  let ends: string[] = [];
  let loose: Interval<Row>[] = [];

  const measure = (low: number, high: number): string => {
    if (low >= high) return '';
    const middle = (low + high) >> 1;
    const [left, right] = [measure(low, middle), measure(middle + 1, high)];
    let end = (tree[middle] as Interval<Row>).to;
    if (left > end) end = left;
    if (right > end) end = right;
    return (ends[middle] = end);
  };
  const rebuild = (): void => {
    tree = [...intervals.values()].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
    ends = new Array<string>(tree.length);
    loose = [];
    measure(0, tree.length);
  };
  const visit = (key: string, low: number, high: number, visitor: (row: Row) => void): void => {
    if (low >= high) return;
    const middle = (low + high) >> 1;
    if ((ends[middle] as string) <= key) return;
    visit(key, low, middle, visitor);
    const { from, to, rows } = tree[middle] as Interval<Row>;
    if (from > key) return;
    if (key < to) rows.forEach(visitor);
    visit(key, middle + 1, high, visitor);
  };
  const intervalOf = (range: KeyRange): Interval<Row> => {
    const { from, to } = spanOf(range);
    const name = `${from.length} ${from}${to}`;
    const known = intervals.get(name);
    if (known !== undefined) return known;
    const made = { from, to, rows: new Set<Row>() };
    intervals.set(name, made);
    loose.push(made);
    if (loose.length > LOOSE_MAX + intervals.size) rebuild();
    return made;
  };

  return {
    add: (range, row) => {
      if (!isSingle(range)) return void intervalOf(range).rows.add(row);
      const name = toName(range.key);
      const rows = singles.get(name);
      if (rows === undefined) singles.set(name, new Set([row]));
      else rows.add(row);
    },
    remove: (range, row) => {
      if (isSingle(range)) {
        const name = toName(range.key);
        const rows = singles.get(name);
        rows?.delete(row);
        if (rows?.size === 0) singles.delete(name);
        return;
      }
      const { from, to } = spanOf(range);
      const name = `${from.length} ${from}${to}`;
      const interval = intervals.get(name);
      interval?.rows.delete(row);
      // Its empty place stays in the tree until that is built anew.
      if (interval?.rows.size === 0) intervals.delete(name);
    },
    find: (key, visitor) => {
      const name = toName(key);
      singles.get(name)?.forEach(visitor);
      if (loose.length > LOOSE_MAX) rebuild();
      for (const { from, to, rows } of loose) if (from <= name && name < to) rows.forEach(visitor);
      visit(name, 0, tree.length, visitor);
    },
  };
}
