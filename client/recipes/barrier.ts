/** A barrier: who waits at it goes on when its key is gone. etcd's key scheme. */
import { QuorateError } from '../../machines/language/errors.js';
import { clockOf } from '../clock.js';
import { compare, op } from '../txn.js';
import type { CallOptions, Client } from '../types.js';
import { awaitDeletion } from './happening.js';
import { patiently, type WaitOptions } from './patience.js';
import { patientGet } from './queue-of-keys.js';

export interface Barrier {
  /** Puts it up. Rejects when it stands already. */
  hold(options?: CallOptions): Promise<void>;
  /** Takes it away: all who wait go on. */
  release(options?: CallOptions): Promise<void>;
  /** Resolves when it does not stand. */
  wait(options?: WaitOptions): Promise<void>;
}

export function createBarrier(client: Client, key: string): Barrier {
  return {
    hold: async (options) => {
      const free = compare.createRevision(key).equals(0);
      const { succeeded } = await client.kv.txn().if(free).then(op.put(key, '')).commit(options);
      if (!succeeded) throw new QuorateError('FailedPrecondition', `quorate: the barrier ${key} stands already`);
    },
    release: async (options) => void (await client.kv.delete(key, options)),
    wait: (options = {}) =>
      patiently(clockOf(client), `the barrier ${key} was not taken away`, options, async (signal) => {
        for (;;) {
          const { kvs, header } = await patientGet(client, key, {}, signal);
          if (kvs.length === 0) return;
          await awaitDeletion(client, key, header.revision + 1, signal);
        }
      }),
  };
}
