/** The comparisons of a transaction (B-11, B-19), on the state before it. */
import { compareBytes } from '../machines/language/bytes.js';
import type { Compare, CompareResult } from '../machines/language/commands.js';
import { unreachable } from '../machines/language/invariant.js';
import type { Draft, Life } from './draft.js';
import { keyRange } from './key-index.js';

/** Holds for every key in its range; where there is none, a missing key compares as zeros, and never by value. */
export function holds(draft: Draft, compare: Compare): boolean {
  const range = keyRange(compare.key, compare.range_end);
  if (range.single) return holdsFor(draft, compare, range.from, draft.lifeOf(range.from));
  const { located } = draft.locate(range, draft.visibleRevision(), Infinity);
  if (located.length === 0) return holdsFor(draft, compare, range.from, undefined);
  return located.every(({ key }) => holdsFor(draft, compare, key, draft.lifeOf(key)));
}

function holdsFor(draft: Draft, compare: Compare, key: string, life: Life | undefined): boolean {
  switch (compare.target) {
    case 'version':
      return isOf(compare.result, (life?.version ?? 0) - compare.version);
    case 'create':
      return isOf(compare.result, (life?.create ?? 0) - compare.create_revision);
    case 'mod':
      return isOf(compare.result, (life?.place.main ?? 0) - compare.mod_revision);
    case 'value':
      if (life === undefined) return false;
      return isOf(compare.result, compareBytes(draft.recordOf(key, life.place).value, compare.value));
    case 'lease': {
      const lease = life === undefined ? 0n : draft.recordOf(key, life.place).lease;
      return isOf(compare.result, lease < compare.lease ? -1 : lease > compare.lease ? 1 : 0);
    }
    default:
      return unreachable(compare.target);
  }
}

/** stored ⟨result⟩ given, from the sign of stored − given. */
function isOf(result: CompareResult, sign: number): boolean {
  switch (result) {
    case 'equal':
      return sign === 0;
    case 'not_equal':
      return sign !== 0;
    case 'greater':
      return sign > 0;
    case 'less':
      return sign < 0;
    default:
      return unreachable(result);
  }
}
