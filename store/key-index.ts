/** The ordered index of all keys in memory: each key as latin-1 with its packed history. Holds only what is written. */
import SortedBTree from 'sorted-btree';
import { bulkLoad } from 'sorted-btree/extended/bulkLoad.js';
import { isNul } from '../machines/language/bytes.js';
import { append, isNewer, type KeyHistory } from './key-history.js';
import { toLatin1 } from './keys.js';
import type { Change } from './revision.js';

// The package is CommonJS: its class is the `default` of what Node gives as default.
const BTree = SortedBTree.default;

/** After every key of bytes. */
const AFTER_ALL = '\u{ffff}';

/** Keys from ≤ key < to, as latin-1. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
  /** The range is the one key `from`. */
  readonly single: boolean;
}

/** Range notation of the reference, 1.1. */
export function keyRange(key: Uint8Array, range_end: Uint8Array): KeyRange {
  const from = toLatin1(key);
  if (range_end.length === 0) return { from, to: `${from}\0`, single: true };
  return { from, to: isNul(range_end) ? AFTER_ALL : toLatin1(range_end), single: false };
}

export interface KeyIndex {
  readonly size: number;
  get(key: string): KeyHistory | undefined;
  set(key: string, history: KeyHistory): void;
  delete(key: string): void;
  /** Adds a change unless the index holds it already: what is replayed twice counts once. */
  add(change: Pick<Change, 'key' | 'main' | 'sub' | 'tombstone'>, create: number, version: number): void;
  /**
   * Visits keys from ≤ key < to in order, at most `keys_max` of them. Returns where to go on, or undefined at the
   * end. The index must not be changed by the visitor.
   */
  visit(
    from: string,
    to: string,
    keys_max: number,
    visitor: (key: string, history: KeyHistory) => void,
  ): string | undefined;
}

export const FIRST_KEY = '';
export const PAST_LAST_KEY = AFTER_ALL;

const NODE_SIZE = 64;
/** Of a loaded tree's nodes: what is added later finds room. */
const LOAD_FACTOR = 0.75;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** `keys` in order, each with its history: building from them costs a fraction of adding one by one. */
export function makeKeyIndex(keys: string[] = [], histories: KeyHistory[] = []): KeyIndex {
  const tree =
    keys.length === 0
      ? new BTree<string, KeyHistory>(undefined, order, NODE_SIZE)
      : bulkLoad(keys, histories, NODE_SIZE, order, LOAD_FACTOR);
  return {
    get size() {
      return tree.size;
    },
    get: (key) => tree.get(key),
    set: (key, history) => void tree.set(key, history),
    delete: (key) => void tree.delete(key),
    add({ key, main, sub, tombstone }, create, version) {
      const history = tree.get(key);
      if (isNewer(history, main, sub)) tree.set(key, append(history, { main, sub, tombstone, create, version }));
    },
    visit(from, to, keys_max, visitor) {
      if (from >= to) return undefined;
      let left = keys_max;
      let next: string | undefined;
      tree.editRange(from, to, false, (key, history) => {
        if (left-- === 0) {
          next = key;
          return { break: 0 };
        }
        visitor(key, history);
        return undefined;
      });
      return next;
    },
  };
}
