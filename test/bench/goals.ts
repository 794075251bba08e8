/** What Quorate is to reach beside etcd in the same run. The bench says whether it does, and fails on none. */
import type { Operation } from './cases.js';

interface Wanted {
  readonly work: string;
  /** Quorate's figure over etcd's: at least, or at most, this. */
  readonly least?: number;
  readonly most?: number;
}

export type Goal =
  | (Wanted & { readonly of: 'rate' | 'p50'; readonly operation: Operation; readonly callers: number })
  /** `stalled`: beside itself, without the watcher. */
  | (Wanted & { readonly of: 'events' | 'putsWatched' | 'leases' | 'stalled' })
  | (Wanted & { readonly of: 'election' | 'restart' | 'memory' });

export const goals: readonly Goal[] = [
  { work: 'put, 100 callers, a second', of: 'rate', operation: 'put', callers: 100, least: 2 },
  { work: 'put, 1,000 callers, a second', of: 'rate', operation: 'put', callers: 1000, least: 2 },
  { work: 'linearizable get, 100 callers, a second', of: 'rate', operation: 'get', callers: 100, least: 8 },
  { work: 'linearizable get, 1,000 callers, a second', of: 'rate', operation: 'get', callers: 1000, least: 8 },
  { work: 'put, 1 caller, median ms', of: 'p50', operation: 'put', callers: 1, most: 1.5 },
  { work: 'one key, 1,000 watchers: events delivered, a second', of: 'events', least: 3 },
  { work: 'one key, 1,000 watchers: puts meanwhile, a second', of: 'putsWatched', least: 3 },
  { work: 'put with a watcher that never reads (beside: Quorate without it), a second', of: 'stalled', least: 0.95 },
  { work: '10,000 leases kept alive: processor time of the busiest node, cores', of: 'leases', most: 1 },
  { work: 'leader killed, to the first acknowledged write, median ms', of: 'election', most: 1 },
  { work: 'restart of a node with 1,000,000 keys, median ms', of: 'restart', most: 1.2 },
  { work: 'memory of a node that was loaded with them, MiB', of: 'memory', most: 1 },
];
