/** Watchers as rows: what phase each is in, and what changes it. What they see is handed over elsewhere. */
import { invariant, unreachable } from './language/invariant.js';

/** `next`: everything before this revision was handed to the watcher's session. */
export type Watcher =
  /** It reads from the store: it is new, came back, or was slow. */
  | { readonly phase: 'catchingUp'; readonly next: number }
  /** It is told of every write as it comes; `next` moves only where the row is looked at. */
  | { readonly phase: 'live'; readonly next: number }
  /** Its session takes no more for now: what it is to see is not kept, only from where on. */
  | { readonly phase: 'lagging'; readonly next: number }
  | { readonly phase: 'closed'; readonly reason: 'compacted' | 'cancelled'; readonly compact_revision: number };

export type WatcherNews =
  /** Its session takes no more; a live row had been told of everything up to `told`. */
  | { readonly type: 'windowFull'; readonly told: number }
  | { readonly type: 'windowOpened' }
  /** Everything up to `upTo` was read from the store and handed over; live rows have been told up to `told`. */
  | { readonly type: 'caughtUp'; readonly upTo: number; readonly told: number }
  /** The state was replaced by a snapshot's, or a write did not follow the one before it. */
  | { readonly type: 'stateReplaced'; readonly told: number }
  /** Revisions before this one are gone. */
  | { readonly type: 'compacted'; readonly revision: number }
  | { readonly type: 'cancelled' };

/** A watcher that wants everything from `next` on, when live rows have been told of everything up to `told`. */
export const bornWatcher = (next: number, told: number): Watcher => ({
  phase: next > told ? 'live' : 'catchingUp',
  next,
});

/** What a row has seen: a live one is told of every write, also where nothing in it was for the row. */
const positionOf = (watcher: Watcher, told: number): number =>
  watcher.phase === 'closed' ? 0 : watcher.phase === 'live' ? Math.max(watcher.next - 1, told) : watcher.next - 1;

export function advance(watcher: Watcher, news: WatcherNews): Watcher {
  if (watcher.phase === 'closed') return watcher;
  switch (news.type) {
    case 'windowFull':
      return { phase: 'lagging', next: positionOf(watcher, news.told) + 1 };
    case 'windowOpened':
      return watcher.phase === 'lagging' ? { phase: 'catchingUp', next: watcher.next } : watcher;
    case 'caughtUp':
      invariant(watcher.phase === 'catchingUp', 'only a row that catches up reads from the store', { watcher, news });
      invariant(news.upTo + 1 >= watcher.next, 'a row that catches up never goes back', { watcher, news });
      // [safety] Live only where no write is left out between what was read and what will be told next.
      return bornWatcher(news.upTo + 1, news.told);
    case 'stateReplaced':
      // [safety] What the new state holds was never told: nobody sees an event of it before catching up.
      return watcher.phase === 'live' ? { phase: 'catchingUp', next: positionOf(watcher, news.told) + 1 } : watcher;
    case 'compacted':
      return watcher.phase !== 'live' && watcher.next < news.revision
        ? { phase: 'closed', reason: 'compacted', compact_revision: news.revision }
        : watcher;
    case 'cancelled':
      return { phase: 'closed', reason: 'cancelled', compact_revision: 0 };
    default:
      return unreachable(news);
  }
}
