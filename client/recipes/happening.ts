/** Waiting for one thing to happen to keys. */
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import type { Bytes, Client } from '../types.js';
import type { WatchEvent, WatchOptions } from '../watch-types.js';

/** Resolves when the key was deleted at `startRevision` or later, or that can no longer be told: then look anew. */
export async function awaitDeletion(
  client: Client,
  key: Bytes,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  await firstEvent(client, key, { startRevision, filters: ['noput'], signal });
}

/** The same for a put, to the key or to any that begins with it. */
export async function awaitPut(
  client: Client,
  key: Bytes,
  prefix: boolean,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  await firstEvent(client, key, { prefix, startRevision, filters: ['nodelete'], signal });
}

async function firstEvent(
  client: Client,
  key: Bytes,
  options: WatchOptions & { readonly signal: AbortSignal },
): Promise<WatchEvent | undefined> {
  const watcher = client.watch(key, options);
  try {
    for await (const { events } of watcher) if (events[0] !== undefined) return events[0];
  } catch (error) {
    if (!isCompacted(error)) throw error;
    return undefined;
  } finally {
    void watcher.cancel();
  }
  throw options.signal.aborted
    ? errorOf('Canceled')
    : new QuorateError('Unavailable', 'quorate: the watcher ended before what it waited for');
}

/** What a watcher wanted was compacted: the state must be read anew. */
export const isCompacted = (error: unknown): boolean => error instanceof Error && 'compactRevision' in error;
