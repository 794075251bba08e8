/** Values counted by their size, in buckets that double: what a histogram shows, at the price of two additions. */

export interface Buckets {
  /** The first holds values up to here, each next one twice as much, and one more all that is above. */
  readonly first: number;
  readonly counts: number[];
  sum: number;
}

export const doubling = (first: number, count: number): Buckets => ({
  first,
  counts: Array<number>(count + 1).fill(0),
  sum: 0,
});

export function count(buckets: Buckets, value: number): void {
  const { first, counts } = buckets;
  const at = value <= first ? 0 : Math.min(Math.ceil(Math.log2(value / first)), counts.length - 1);
  counts[at] = (counts[at] ?? 0) + 1;
  buckets.sum += value;
}
