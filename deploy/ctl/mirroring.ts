/** The work of a mirror: first the state at one revision, then what follows it, each revision as a transaction. */
import { concatBytes, NUL, prefixEnd } from '../../machines/language/bytes.js';
import type { WatchEvent } from '../../client/watch-types.js';
import type { ClusterAccess, Operation } from './cluster.js';

export interface MirrorSettings {
  /** The prefix of what is copied, and what stands there in its place. */
  readonly from: Uint8Array;
  readonly to: Uint8Array;
  /** The first revision to copy; 0 or 1: the whole state first. */
  readonly revision: number;
  readonly operationsMax: number;
}

/** Where a key stands in the mirror. */
type Moved = (key: Uint8Array) => Uint8Array;

const PAGE_KEYS = 1_000;

/** `copied` hears of every write. Resolves when the watch has ended, which it should not. */
export async function mirror(
  source: ClusterAccess,
  destination: ClusterAccess,
  settings: MirrorSettings,
  copied: (count: number) => void,
): Promise<void> {
  const { from, to, operationsMax } = settings;
  const moved: Moved = (key) => concatBytes([to, key.subarray(from.length)]);
  const startRevision =
    settings.revision > 1 ? settings.revision : (await copyState(source, destination, from, moved, copied)) + 1;
  const watcher = source.watch(from.length === 0 ? NUL : from, { rangeEnd: prefixEnd(from), startRevision });
  for await (const { events } of watcher) {
    for (const success of inTransactions(events, operationsMax)) {
      await destination.txn({
        comparisons: [],
        success: success.map((event) => operationOf(event, moved)),
        failure: [],
      });
      copied(success.length);
    }
  }
}

/** Returns the revision of the state. */
async function copyState(
  source: ClusterAccess,
  destination: ClusterAccess,
  from: Uint8Array,
  moved: Moved,
  copied: (count: number) => void,
): Promise<number> {
  const rangeEnd = prefixEnd(from);
  let key = from.length === 0 ? NUL : from;
  let revision = 0;
  for (;;) {
    const page = await source.get(key, { rangeEnd, limit: PAGE_KEYS, revision });
    if (revision === 0) revision = page.header.revision;
    await Promise.all(page.kvs.map((kv) => destination.put(moved(kv.key), kv.value).then(() => copied(1))));
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return revision;
    key = concatBytes([last.key, NUL]);
  }
}

/** The events of each revision together, as far as a transaction holds them. */
function inTransactions(events: readonly WatchEvent[], operationsMax: number): (readonly WatchEvent[])[] {
  const groups: WatchEvent[][] = [];
  let revision = 0;
  for (const event of events) {
    const group = groups.at(-1);
    if (group === undefined || event.kv.modRevision !== revision || group.length >= operationsMax) groups.push([event]);
    else group.push(event);
    revision = event.kv.modRevision;
  }
  return groups;
}

function operationOf({ type, kv }: WatchEvent, moved: Moved): Operation {
  const key = moved(kv.key);
  return type === 'put' ? { type, key, value: kv.value, options: {} } : { type, key, options: {} };
}
