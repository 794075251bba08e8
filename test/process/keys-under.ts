/** Waiting for keys to stand, without a pause that may be too short. */
import type { Client } from '../../client/index.js';

/** Resolves when `count` keys stand under the prefix. */
export async function keysUnder(client: Client, prefix: string, count: number): Promise<void> {
  const { kvs, header } = await client.kv.get(prefix, { prefix: true });
  let here = kvs.length;
  if (here === count) return;
  const watcher = client.watch(prefix, { prefix: true, startRevision: header.revision + 1 });
  for await (const { events } of watcher) {
    for (const { type } of events) here += type === 'put' ? 1 : -1;
    if (here === count) break;
  }
  await watcher.cancel();
}
