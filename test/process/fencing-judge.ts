/** What was written under a lock, held against the history of the lock's keys and of what the lock protects. */
import type { WatchEvent } from '../../client/index.js';

export const LOCK = 'fenced/lock';
export const COUNTER = 'fenced/counter';
/** Written under the lock without its guard. */
export const LOOSE = 'fenced/loose';

/** What is written: under which token, and the count that its holder found when it got the lock, and went on from. */
export interface Written {
  readonly who: string;
  readonly token: number;
  readonly count: number;
}

/** A guarded write that was acknowledged at this revision, to the one whose key of the lock this is. */
export interface Acknowledged extends Written {
  readonly key: string;
  readonly revision: number;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** What must not be, as sentences. Empty: nobody wrote under a lock that another held. */
export function judgeFencing(
  history: readonly WatchEvent[],
  protectedKey: string,
  acknowledged: readonly Acknowledged[],
): readonly string[] {
  const faults: string[] = [];
  const contenders = new Map<string, number>();
  const written = new Map<number, Written & { readonly owner: string }>();
  let last: Written = { who: 'nobody', token: 0, count: 0 };
  for (const { type, kv } of history) {
    const key = textOf(kv.key);
    if (key.startsWith(`${LOCK}/`)) {
      if (type === 'put') contenders.set(key, kv.createRevision);
      else contenders.delete(key);
    } else if (key === protectedKey) {
      const now = JSON.parse(textOf(kv.value)) as Written;
      const what = `${now.who} wrote ${now.count} under ${now.token} at revision ${kv.modRevision}`;
      const [owner, token] = [...contenders].sort(([, one], [, other]) => one - other)[0] ?? ['nobody', 0];
      if (now.token !== token) faults.push(`${what}, when the lock was ${owner}'s under ${token}`);
      if (now.token < last.token) faults.push(`${what}, after ${last.who} under ${last.token}`);
      if (now.count !== last.count + 1) faults.push(`${what}, over ${last.count} of ${last.who} under ${last.token}`);
      written.set(kv.modRevision, { ...now, owner });
      last = now;
    }
  }
  for (const { who, token, count, key, revision } of acknowledged) {
    const found = written.get(revision);
    if (found?.who === who && found.token === token && found.count === count && found.owner === key) continue;
    faults.push(`${who} was told that it wrote ${count} at revision ${revision} by ${key}: ${JSON.stringify(found)}`);
  }
  return faults;
}
