/** The newest records of keys that were lately written or read, bounded by bytes. */
import type { KeyValue } from '../machines/language/commands.js';
import type { Place } from './key-history.js';

/** A record larger than this share of the bound is not kept. */
const SHARE_MAX = 64;
const OVERHEAD = 128;

export interface ValueCache {
  get(key: string, place: Place): KeyValue | undefined;
  set(key: string, kv: KeyValue): void;
}

/**
 * Two maps take turns: the young one is filled, and when it holds half of the bound it becomes the old one, and what
 * the old one held is gone. What is found in the old one moves to the young one. No list to keep in order.
 */
export function makeValueCache(bytes_max: number): ValueCache {
  let young = new Map<string, KeyValue>();
  let old = new Map<string, KeyValue>();
  let bytes = 0;

  const keep = (key: string, kv: KeyValue): void => {
    const size = kv.key.length + kv.value.length + OVERHEAD;
    if (size > bytes_max / SHARE_MAX) {
      young.delete(key);
      return;
    }
    if (bytes + size > bytes_max / 2) {
      old = young;
      young = new Map();
      bytes = 0;
    }
    bytes += size;
    young.set(key, kv);
  };

  return {
    get(key, place) {
      let kv = young.get(key);
      if (kv === undefined) {
        kv = old.get(key);
        if (kv?.mod_revision === place.main) keep(key, kv);
      }
      // A key has one record a revision; one of another revision is of no use here.
      return kv?.mod_revision === place.main ? kv : undefined;
    },
    set(key, kv) {
      const known = young.get(key) ?? old.get(key);
      if (known === undefined || known.mod_revision <= kv.mod_revision) keep(key, kv);
    },
  };
}
