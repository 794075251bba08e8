/** Configuration: read and checked at the start, followed while the program runs, and never replaced by a bad one. */
import { type Config, openConfig } from '../client/index.js';
import { connectToCluster, say } from './connecting.js';

interface Settings {
  readonly workers: number;
}

function settings(value: unknown): Settings {
  const { workers } = value as { readonly workers?: unknown };
  if (typeof workers !== 'number' || workers < 1)
    throw new Error(`workers is ${JSON.stringify(workers)}; it must be ≥ 1`);
  return { workers };
}

const key = 'examples/configuration';
const client = await connectToCluster();
await client.kv.put(key, '{"workers":2}');

const done = new AbortController();
const config: Config<Settings> = await openConfig(client, key, settings, {
  onChange: ({ workers }) => {
    say(`now ${workers} workers`);
    if (workers === 4) done.abort();
  },
  onRejected: ({ message }) => say(`still ${config.current.workers} workers: ${message}`),
});
say(`begins with ${config.current.workers} workers`);

// Somebody else writes; the second is a mistake.
for (const written of ['{"workers":3}', '{"workers":-1}', '{"workers":4}']) await client.kv.put(key, written);
await new Promise<void>((resolve) => done.signal.addEventListener('abort', () => resolve()));
config.close();
await client.close();
