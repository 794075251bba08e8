/** Key ranges as names that compare as their keys do, and as lists without overlap. */
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

export const isSingle = (range: KeyRange): boolean => range.range_end.length === 0;

function endOf(range: KeyRange): Uint8Array {
  if (!isSingle(range)) return isNul(range.range_end) ? NUL : range.range_end;
  const end = new Uint8Array(range.key.length + 1);
  end.set(range.key);
  return end;
}
