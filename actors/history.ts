/** The history as one answer: events of whole revisions, as many as one answer takes. */
import { limits } from '../machines/language/limits.js';
import { revision } from '../machines/language/vocabulary.js';
import type { HistoryQuery, HistoryResult } from '../machines/language/watching.js';
import { normalize } from '../machines/ranges.js';
import type { KvStore } from '../store/ports.js';

export async function readHistory(kv: KvStore, query: HistoryQuery): Promise<HistoryResult> {
  const found = await kv.history({
    ranges: normalize(query.ranges),
    from: Math.max(1, query.start_revision),
    prev_kv: query.prev_kv,
    bytes_max: limits.watch_read_bytes,
    revisions_max: query.limit > 0 ? Math.min(query.limit, limits.watch_read_revisions) : limits.watch_read_revisions,
  });
  return {
    revision: revision(found.revision),
    events: found.revisions.flatMap(({ events }) => events),
    more: found.upTo < found.revision,
    next_revision: Math.max(query.start_revision, found.upTo + 1),
  };
}
