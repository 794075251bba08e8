/** From what callers write to what a watcher asks of its member. */
import { EMPTY } from '../machines/language/bytes.js';
import { badRequest } from '../machines/language/errors.js';
import { limits } from '../machines/language/limits.js';
import { WATCH_FILTERS, type WatchCreate } from '../machines/language/watching.js';
import { rangeOf, whole } from './requests.js';
import type { Bytes } from './types.js';
import type { WatchOptions } from './watch-types.js';

export function toCreate(key: Bytes, options: WatchOptions): WatchCreate {
  const filters = options.filters ?? [];
  for (const filter of filters) {
    if (!WATCH_FILTERS.includes(filter)) {
      throw badRequest(`client: filter ${JSON.stringify(filter)} given; it must be one of ${WATCH_FILTERS.join(', ')}`);
    }
  }
  const others = options.ranges ?? [];
  if (others.length >= limits.watch_ranges_max) {
    throw badRequest(`client: ${others.length} ranges given; at most ${limits.watch_ranges_max} go in one watcher`);
  }
  return {
    ranges: [rangeOf(key, options), ...others.map((range) => rangeOf(range.key, range))],
    start_revision: whole('startRevision', options.startRevision),
    prev_kv: options.prevKv === true,
    filters,
    progress_notify: options.progressNotify === true,
    fragment: false,
    watch_id: 0,
    initial_state: options.initialState === true,
    initial_after: EMPTY,
    after_index: 0,
  };
}
