/** A key that stands for as long as its process lives: on a lease, and put anew when the lease was lost. */
import { QuorateError } from '../../machines/language/errors.js';
import { clockOf } from '../clock.js';
import type { Bytes, Client } from '../types.js';
import { pause } from './patience.js';
import { type Inspect, openSession, type Session } from './session.js';

export interface PresenceOptions {
  /** How long the key outlives a process that died; default 10,000. */
  readonly ttlMs?: number | undefined;
  readonly inspect?: Inspect | undefined;
}

export interface Presence {
  /** Whether it stands, as far as this process knows. */
  readonly here: boolean;
  /** Puts another value. */
  update(value: Bytes): Promise<void>;
  /** Revokes the lease, and the key goes with it: watchers tell it from a death by the cause of the delete. */
  leave(): Promise<void>;
}

const DEFAULT_TTL_MS = 10_000;
const PAUSE_MS = 500;

/** Resolves when the key stands. Rejects when it cannot be put now; later losses are made good without a word. */
export async function appear(
  client: Client,
  key: string,
  value: Bytes,
  options: PresenceOptions = {},
): Promise<Presence> {
  const { ttlMs = DEFAULT_TTL_MS, inspect } = options;
  const gone = new AbortController();
  let now = value;
  let session: Session;
  const put = async (): Promise<void> => void (await client.kv.put(key, now, { lease: session.lease }));
  const arrive = async (): Promise<void> => {
    const opened = await openSession(client, { ttlMs, inspect });
    session = opened;
    try {
      await put();
    } catch (error) {
      opened.orphan();
      throw error;
    }
    void opened.lost.then(() => void comeBack());
  };
  const comeBack = async (): Promise<void> => {
    while (!gone.signal.aborted) {
      try {
        await arrive();
        if (gone.signal.aborted) await session.close();
        return;
      } catch (error) {
        if (error instanceof QuorateError && error.code === 'Canceled') return; // the client is closed
        await pause(clockOf(client), PAUSE_MS, gone.signal).catch(() => undefined);
      }
    }
  };
  await arrive();
  return {
    get here() {
      return session.alive;
    },
    update: async (next) => {
      now = next;
      await put();
    },
    leave: async () => {
      gone.abort();
      await session.close();
    },
  };
}
