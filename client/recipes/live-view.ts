/** Keys as they are, and as they change. */
import type { Client, KeyValue } from '../types.js';
import type { WatchEvent } from '../watch-types.js';
import { isCompacted } from './happening.js';
import { patientGet, textOf } from './queue-of-keys.js';

export interface Viewed {
  readonly key: string;
  /** Also all that begin with it. */
  readonly prefix: boolean;
}

export interface View {
  /** By key, as text. */
  readonly kvs: ReadonlyMap<string, KeyValue>;
  /** What changed since the view before; none where all was read anew. */
  readonly events: readonly WatchEvent[];
}

/** The keys now, and again after each change, until the signal aborts. */
async function* liveView(client: Client, { key, prefix }: Viewed, signal: AbortSignal): AsyncGenerator<View> {
  while (!signal.aborted) {
    const { kvs: found, header } = await patientGet(client, key, { prefix }, signal);
    const kvs = new Map(found.map((kv) => [textOf(kv.key), kv]));
    yield { kvs: new Map(kvs), events: [] };
    const watcher = client.watch(key, { prefix, startRevision: header.revision + 1, signal });
    try {
      for await (const { events } of watcher) {
        if (events.length === 0) continue;
        for (const event of events) follow(kvs, event);
        yield { kvs: new Map(kvs), events };
      }
    } catch (error) {
      if (!isCompacted(error)) throw error;
    } finally {
      void watcher.cancel();
    }
  }
}

function follow(kvs: Map<string, KeyValue>, { type, kv }: WatchEvent): void {
  if (type === 'put') kvs.set(textOf(kv.key), kv);
  else kvs.delete(textOf(kv.key));
}

/** What `liveView` shows, made into something; ends without an error when the caller's signal aborts. */
export async function* viewed<T>(
  client: Client,
  keys: Viewed,
  signal: AbortSignal | undefined,
  show: (view: View) => T,
): AsyncGenerator<T> {
  const until = signal ?? new AbortController().signal;
  try {
    for await (const view of liveView(client, keys, until)) yield show(view);
  } catch (error) {
    if (!until.aborted) throw error;
  }
}
