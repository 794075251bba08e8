/** A double barrier: a number of processes begin together and end together. etcd's key scheme. */
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import { clockOf } from '../clock.js';
import type { KeyValue } from '../types.js';
import { awaitDeletion, awaitPut } from './happening.js';
import { patiently, persistently, type WaitOptions } from './patience.js';
import { isThere, patientGet, remove } from './queue-of-keys.js';
import type { Session } from './session.js';
import { putUniqueOf, type UniqueKey } from './unique-key.js';

export interface DoubleBarrier {
  /** Resolves when all have entered. Rejects with `too many clients` where more than that number come. */
  enter(options?: WaitOptions): Promise<void>;
  /** Resolves when all have left, or their sessions are over. */
  leave(options?: WaitOptions): Promise<void>;
}

export function createDoubleBarrier(session: Session, key: string, count: number): DoubleBarrier {
  const { client } = session;
  const waiters = `${key}/waiters`;
  const ready = `${key}/ready`;
  let own: UniqueKey | undefined;
  const entered = async (signal: AbortSignal): Promise<readonly KeyValue[]> =>
    (await patientGet(client, waiters, { prefix: true, sortTarget: 'create', sortOrder: 'ascend' }, signal)).kvs;

  const enter = async (signal: AbortSignal): Promise<void> => {
    if ((await entered(signal)).length >= count) throw tooMany();
    const mine = await putUniqueOf(session, waiters, '', signal);
    own = mine;
    const last = (await entered(signal))[count - 1];
    if (last !== undefined && mine.revision > last.createRevision) throw tooMany();
    if (last?.createRevision === mine.revision) {
      await persistently(clockOf(client), signal, () => client.kv.put(ready, '', { signal }));
      return;
    }
    await awaitReady(session, ready, mine, signal);
  };
  const leave = async (signal: AbortSignal): Promise<void> => {
    for (;;) {
      const there = await entered(signal);
      const [lowest] = there;
      const highest = there.at(-1);
      if (lowest === undefined || highest === undefined) return;
      const isLowest = lowest.createRevision === own?.revision;
      if (isLowest && there.length === 1) {
        await persistently(clockOf(client), signal, () => client.kv.delete(ready, { signal }));
        await withdraw(session, own, signal);
        return;
      }
      // The lowest waits for the highest, all others for the lowest: a process that dies is waited for no longer.
      const other = isLowest ? highest : lowest;
      if (!isLowest) await withdraw(session, own, signal);
      await awaitDeletion(client, other.key, other.modRevision + 1, signal);
    }
  };
  return {
    enter: (options = {}) =>
      patiently(clockOf(client), `${count} had not entered ${key}`, bounded(session, options), async (signal) => {
        try {
          await enter(signal);
        } catch (error) {
          await withdraw(session, own, session.signal);
          throw error;
        }
      }),
    leave: (options = {}) => patiently(clockOf(client), `not all had left ${key}`, bounded(session, options), leave),
  };
}

/** Whoever waits in it goes when the session does. */
const bounded = (session: Session, { signal, timeoutMs }: WaitOptions): WaitOptions => ({
  timeoutMs,
  signal: signal === undefined ? session.signal : AbortSignal.any([session.signal, signal]),
});

async function awaitReady(session: Session, ready: string, own: UniqueKey, signal: AbortSignal): Promise<void> {
  for (let since = own.revision + 1; ;) {
    const { kvs, header } = await patientGet(session.client, ready, {}, signal);
    if ((kvs[0]?.modRevision ?? 0) > own.revision) break;
    since = Math.max(since, header.revision + 1);
    await awaitPut(session.client, ready, false, since, signal);
  }
  if (!(await isThere(session.client, own, signal))) throw errorOf('SessionExpired');
}

async function withdraw(session: Session, own: UniqueKey | undefined, signal: AbortSignal): Promise<void> {
  if (own === undefined || session.signal.aborted) return;
  await persistently(clockOf(session.client), signal, () => remove(session.client, own));
}

const tooMany = (): QuorateError => new QuorateError('Unknown', 'too many clients');
