/** What a range request asks for, apart from where the data lies: which rows to read, and what to do with them. */
import { compareBytes, EMPTY } from '../machines/language/bytes.js';
import type { KeyValue, RangeRequest, RangeResult, SortTarget } from '../machines/language/commands.js';
import { unreachable } from '../machines/language/invariant.js';
import type { Revision } from '../machines/language/vocabulary.js';
import type { Place } from './key-history.js';

/** A key that is alive at the revision asked, and where its record stands. */
export interface Located {
  readonly key: string;
  readonly place: Place;
}

/** All keys of the range counted, and those among them whose records are wanted, in key order. */
export interface Found {
  readonly count: number;
  readonly located: readonly Located[];
}

/** How many of the first rows are enough: 0 for none, Infinity for all. */
export function rowsWanted(request: RangeRequest): number {
  if (request.count_only) return 0;
  return request.limit > 0 && isInKeyOrder(request) && !isFiltered(request) ? request.limit : Infinity;
}

/** Of what was located, the rows to read: a descending order by key needs only the last ones. */
export function rowsToRead(request: RangeRequest, located: readonly Located[]): readonly Located[] {
  const last = request.limit > 0 && isByKeyDescending(request) && !isFiltered(request);
  return last ? located.slice(-request.limit) : located;
}

/**
 * Filters, sorts and cuts. Rows are sorted before they are cut, also where only the target was given (reference 1.1,
 * wart: etcd cuts first there); equal rows stay in key order.
 */
export function finishRange(
  request: RangeRequest,
  revision: Revision,
  count: number,
  rows: readonly KeyValue[],
): RangeResult {
  // The count ignores filters: clients see it (reference 1.1, wart).
  if (request.count_only) return { revision, kvs: [], more: false, count };
  let kvs = isFiltered(request) ? rows.filter((kv) => passes(request, kv)) : [...rows];
  const total = isFiltered(request) ? kvs.length : count;
  if (isByKeyDescending(request)) kvs.reverse();
  else if (!isInKeyOrder(request)) sortBy(kvs, request.sort_target, request.sort_order === 'descend' ? -1 : 1);
  if (request.limit > 0 && kvs.length > request.limit) kvs = kvs.slice(0, request.limit);
  if (request.keys_only) kvs = kvs.map((kv) => ({ ...kv, value: EMPTY }));
  return { revision, kvs, more: kvs.length < total, count };
}

const isInKeyOrder = (request: RangeRequest): boolean =>
  request.sort_target === 'key' && request.sort_order !== 'descend';

const isByKeyDescending = (request: RangeRequest): boolean =>
  request.sort_target === 'key' && request.sort_order === 'descend';

const isFiltered = (request: RangeRequest): boolean =>
  request.min_mod_revision > 0 ||
  request.max_mod_revision > 0 ||
  request.min_create_revision > 0 ||
  request.max_create_revision > 0;

const isBetween = (value: number, min: number, max: number): boolean =>
  (min <= 0 || value >= min) && (max <= 0 || value <= max);

const passes = (request: RangeRequest, kv: KeyValue): boolean =>
  isBetween(kv.mod_revision, request.min_mod_revision, request.max_mod_revision) &&
  isBetween(kv.create_revision, request.min_create_revision, request.max_create_revision);

function sortBy(kvs: KeyValue[], target: SortTarget, sign: number): void {
  kvs.sort((a, b) => sign * compareTargets(a, b, target));
}

function compareTargets(a: KeyValue, b: KeyValue, target: SortTarget): number {
  switch (target) {
    case 'key':
      return compareBytes(a.key, b.key);
    case 'version':
      return a.version - b.version;
    case 'create':
      return a.create_revision - b.create_revision;
    case 'mod':
      return a.mod_revision - b.mod_revision;
    case 'value':
      return compareBytes(a.value, b.value);
    default:
      return unreachable(target);
  }
}
