/** Liveness: who says from time to time that it lives, and who has fallen silent. */
import type { CallOptions, Client } from '../types.js';
import { viewed } from './live-view.js';
import { appear, type Presence, type PresenceOptions } from './presence.js';
import { textOf } from './queue-of-keys.js';

export interface LivenessChange {
  readonly name: string;
  /** `left`: by its own will; `died`: its lease ran out. */
  readonly what: 'appeared' | 'left' | 'died';
}

export interface LivenessProbe {
  /** Shows that `name` lives, until it leaves or this process dies. */
  join(name: string, options?: PresenceOptions): Promise<Pick<Presence, 'here' | 'leave'>>;
  /** Who lives now. */
  alive(options?: CallOptions): Promise<readonly string[]>;
  /** Each that lives as `appeared`, then what changes. */
  watch(options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<LivenessChange>;
}

export function createLivenessProbe(client: Client, prefix: string): LivenessProbe {
  const keys = `${prefix}/`;
  return {
    join: (name, options) => appear(client, `${keys}${name}`, '', options),
    alive: async (options) => {
      const { kvs } = await client.kv.get(keys, { prefix: true, keysOnly: true, ...options });
      return kvs.map((kv) => textOf(kv.key).slice(keys.length));
    },
    watch: ({ signal } = {}) => changes(client, keys, signal),
  };
}

async function* changes(client: Client, keys: string, signal: AbortSignal | undefined): AsyncGenerator<LivenessChange> {
  let known: ReadonlySet<string> = new Set();
  for await (const view of viewed(client, { key: keys, prefix: true }, signal, (shown) => shown)) {
    const now = new Set([...view.kvs.keys()].map((key) => key.slice(keys.length)));
    const deletes = view.events.filter(({ type }) => type === 'delete');
    const causes = new Map(deletes.map(({ kv, cause }) => [textOf(kv.key).slice(keys.length), cause]));
    for (const name of known) {
      // Where the view was read anew the cause is not known: who is gone without a word is taken for dead.
      const byItself = causes.get(name) === 'user' || causes.get(name) === 'lease revoked';
      if (!now.has(name)) yield { name, what: byItself ? 'left' : 'died' };
    }
    for (const name of now) if (!known.has(name)) yield { name, what: 'appeared' };
    known = now;
  }
}
