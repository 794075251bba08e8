/** What a watcher of everything was told, held against the replayed log. */
import type { WatchResponse } from '../../client/index.js';
import { toText } from '../../machines/language/bytes.js';
import { must } from './failure.js';
import type { State } from './model.js';
import type { Truth } from './truth.js';

/** What one watcher was told, from one beginning to its end. */
export interface Watched {
  readonly after: number;
  readonly responses: readonly WatchResponse[];
  readonly upTo: () => number;
}

/**
 * One revision by the model: `put <key>` and `delete <key>`, sorted. The model does not know in which order a
 * transaction changed them.
 */
function eventsOf(after: State, before: State): readonly string[] {
  const puts = [...after.keys.values()].filter(({ mod }) => mod === after.revision).map(({ key }) => [key, 'put']);
  const deletes = [...before.keys.keys()].filter((key) => !after.keys.has(key)).map((key) => [key, 'delete']);
  return [...puts, ...deletes].map(([key, type]) => `${type} ${key}`).sort();
}

/** Filtered, ordered, unique, atomic, reliable, resumable, bookmarkable (reference 2.5): exactly what happened. */
export function judgeWatched(truth: Truth, { after, responses, upTo }: Watched): void {
  let at = after;
  for (const response of responses) {
    const revisions = [...new Set(response.events.map(({ kv }) => kv.modRevision))];
    for (const revision of revisions) {
      const expected = eventsOf(truth.at(revision), truth.at(revision - 1));
      const told = response.events.filter(({ kv }) => kv.modRevision === revision);
      const facts = { revision, at, expected, told: told.map(({ type, kv }) => `${type} ${toText(kv.key) ?? ''}`) };
      must(revision === at + 1, 'a watcher sees every revision, each once and in order', facts);
      must(facts.told.toSorted().join() === expected.join(), 'a watcher sees a revision whole, and as it was', facts);
      at = revision;
    }
    must(response.header.revision >= at, 'a response is not older than its events', { at });
  }
  must(upTo() <= Math.max(at, truth.state.revision), 'a watcher is not ahead of what happened', { at, upTo: upTo() });
}
