/** What a watcher of everything is told of one revision, by the model. */
import type { State } from './model.js';

/** `put <key>` and `delete <key>`, sorted: the model does not know in which order a transaction changed them. */
export function eventsOf(after: State, before: State): readonly string[] {
  const puts = [...after.keys.values()].filter(({ mod }) => mod === after.revision).map(({ key }) => [key, 'put']);
  const deletes = [...before.keys.keys()].filter((key) => !after.keys.has(key)).map((key) => [key, 'delete']);
  return [...puts, ...deletes].map(([key, type]) => `${type} ${key}`).sort();
}
