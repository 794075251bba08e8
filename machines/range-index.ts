/**
 * An index that finds everything whose range holds a key, fast also among thousands: single keys by a map, ranges by an
 * interval tree.
 */
import type { KeyRange } from './language/watching.js';
import { isSingle, type Span, spanOf, toName } from './ranges.js';

interface Interval<Row> extends Span {
  readonly rows: Set<Row>;
}

/** New intervals wait in a list until there are more than so many. */
const LOOSE_MAX = 32;

interface IntervalTree<Row> {
  readonly size: number;
  add(range: KeyRange, row: Row): void;
  remove(range: KeyRange, row: Row): void;
  find(key: string, visitor: (row: Row) => void): void;
}

/**
 * Rows of equal ranges share an interval. The intervals lie in an array ordered by where they begin, read as a balanced
 * tree (the middle is the root), and `ends[i]` is the farthest end below the node `i`. What was added lately is looked
 * at one by one.
 *
 *     a-d  b-c  b-z  e-f  k-m        root b-z, below it a-d (with b-c) and e-f (with k-m)
 *     find g: the root holds it; the left half ends at d, before g; in the right half e-f ends before, k begins after
 */
function makeIntervalTree<Row>(): IntervalTree<Row> {
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
  return {
    get size() {
      return intervals.size;
    },
    add: (range, row) => {
      const span = spanOf(range);
      const known = intervals.get(nameOf(span));
      if (known !== undefined) return void known.rows.add(row);
      const made = { ...span, rows: new Set([row]) };
      intervals.set(nameOf(span), made);
      loose.push(made);
      if (loose.length > LOOSE_MAX + intervals.size) rebuild();
    },
    remove: (range, row) => {
      const name = nameOf(spanOf(range));
      const interval = intervals.get(name);
      interval?.rows.delete(row);
      // Its empty place stays in the tree until that is built anew.
      if (interval?.rows.size === 0) intervals.delete(name);
    },
    find: (key, visitor) => {
      if (loose.length > LOOSE_MAX) rebuild();
      for (const { from, to, rows } of loose) if (from <= key && key < to) rows.forEach(visitor);
      visit(key, 0, tree.length, visitor);
    },
  };
}

const nameOf = ({ from, to }: Span): string => `${from.length} ${from}${to}`;

export interface RangeIndex<Row> {
  readonly isEmpty: boolean;
  add(range: KeyRange, row: Row): void;
  remove(range: KeyRange, row: Row): void;
  /** Every row once for each of its ranges that holds the key. */
  find(key: Uint8Array, visitor: (row: Row) => void): void;
}

export function makeRangeIndex<Row>(): RangeIndex<Row> {
  const singles = new Map<string, Set<Row>>();
  const tree = makeIntervalTree<Row>();
  return {
    get isEmpty() {
      return singles.size + tree.size === 0;
    },
    add: (range, row) => {
      if (!isSingle(range)) return tree.add(range, row);
      const name = toName(range.key);
      const rows = singles.get(name);
      if (rows === undefined) singles.set(name, new Set([row]));
      else rows.add(row);
    },
    remove: (range, row) => {
      if (!isSingle(range)) return tree.remove(range, row);
      const name = toName(range.key);
      const rows = singles.get(name);
      rows?.delete(row);
      if (rows?.size === 0) singles.delete(name);
    },
    find: (key, visitor) => {
      const name = toName(key);
      singles.get(name)?.forEach((row) => visitor(row));
      if (tree.size > 0) tree.find(name, visitor);
    },
  };
}
