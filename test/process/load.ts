/** Writers that remember what was acknowledged to them, so that a test can ask whether all of it is still there. */
import assert from 'node:assert/strict';
import type { Client } from '../../client/index.js';

export interface Load {
  /** Values by key, each acknowledged. */
  readonly acknowledged: ReadonlyMap<string, string>;
  /** Errors that calls ended with. */
  readonly failures: readonly unknown[];
  /** Resolves when so many more calls have been acknowledged. */
  more(count: number): Promise<void>;
  /** Lets each writer finish the call that it is in. */
  stop(): Promise<void>;
}

/** Each writer puts one key after the other, each with a value of its own, and waits for each answer. */
export function startLoad(client: Client, writers = 8, prefix = 'load'): Load {
  const acknowledged = new Map<string, string>();
  const failures: unknown[] = [];
  const waiting: { readonly from: number; readonly resolve: () => void }[] = [];
  let stopped = false;

  const write = async (writer: number): Promise<void> => {
    for (let number = 0; !stopped; number++) {
      const key = `${prefix}/${writer}/${number}`;
      const value = `value of ${key}`;
      try {
        await client.kv.put(key, value);
        acknowledged.set(key, value);
      } catch (error) {
        failures.push(error);
      }
      while (waiting[0] !== undefined && acknowledged.size >= waiting[0].from) waiting.shift()?.resolve();
    }
  };
  const running = Array.from({ length: writers }, (_, writer) => write(writer));

  return {
    acknowledged,
    failures,
    more: (count) => new Promise((resolve) => waiting.push({ from: acknowledged.size + count, resolve })),
    stop: async () => {
      stopped = true;
      await Promise.all(running);
    },
  };
}

/** Reads everything back in one linearizable read, and names what is missing. */
export async function assertKept(client: Client, load: Load, prefix = 'load'): Promise<void> {
  const { kvs } = await client.kv.get(`${prefix}/`, { prefix: true, timeoutMs: 20_000 });
  const text = new TextDecoder();
  const found = new Map(kvs.map((kv) => [text.decode(kv.key), text.decode(kv.value)]));
  const lost = [...load.acknowledged].filter(([key, value]) => found.get(key) !== value);
  assert.deepEqual(lost, [], `${lost.length} of ${load.acknowledged.size} acknowledged writes are lost`);
  assert.ok(load.acknowledged.size > 0, 'something was acknowledged');
}

/** All members have the same history, once each has applied what the others have. */
export async function assertSameState(client: Client, names: readonly string[]): Promise<void> {
  const { header } = await client.kv.get('x');
  const hashes = new Map<string, number>();
  for (const name of names) {
    for (;;) {
      const { revision } = await client.maintenance.status(name);
      if (revision >= header.revision) break;
    }
    hashes.set(name, (await client.maintenance.hashKv(name, header.revision)).hash);
  }
  assert.equal(
    new Set(hashes.values()).size,
    1,
    `hashes at revision ${header.revision}: ${JSON.stringify([...hashes])}`,
  );
}
