/** Queues: what is put in is taken out once, by one of many consumers. etcd's key schemes. */
import { badRequest, QuorateError } from '../../machines/language/errors.js';
import { clockOf } from '../clock.js';
import { compare, op } from '../txn.js';
import type { Bytes, CallOptions, Client, GetOptions, KeyValue } from '../types.js';
import { awaitPut } from './happening.js';
import { patiently, type WaitOptions } from './patience.js';
import { patientGet, textOf } from './queue-of-keys.js';
import { putUnique } from './unique-key.js';

interface Dequeuing {
  /**
   * Takes out the first, and waits for one where there is none. An error with `maybe_applied` says that one may have
   * been taken out: work that must not be lost needs a key of its own beside the queue.
   */
  dequeue(options?: WaitOptions): Promise<Uint8Array>;
}

/** First in, first out. */
export interface Queue extends Dequeuing {
  enqueue(value: Bytes, options?: CallOptions): Promise<void>;
}

/** Those of the lowest number first; among equals first in, first out. */
export interface PriorityQueue extends Dequeuing {
  /** `priority` is a whole number from 0 to 65,535. */
  enqueue(value: Bytes, priority: number, options?: CallOptions): Promise<void>;
}

const PRIORITY_MAX = 65_535;

export const createQueue = (client: Client, prefix: string): Queue => ({
  enqueue: async (value, options) => void (await putUnique(client, prefix, value, options)),
  dequeue: (options = {}) => dequeue(client, prefix, { sortTarget: 'mod', sortOrder: 'ascend' }, options),
});

export const createPriorityQueue = (client: Client, prefix: string): PriorityQueue => ({
  enqueue: async (value, priority, options) => {
    if (!Number.isInteger(priority) || priority < 0 || priority > PRIORITY_MAX) {
      throw badRequest(`client: the priority is ${priority}; it must be a whole number from 0 to ${PRIORITY_MAX}`);
    }
    await putNext(client, `${prefix}/${String(priority).padStart(5, '0')}`, value, options);
  },
  dequeue: (options = {}) => dequeue(client, prefix, { sortTarget: 'key', sortOrder: 'ascend' }, options),
});

function dequeue(client: Client, prefix: string, order: GetOptions, options: WaitOptions): Promise<Uint8Array> {
  const keys = `${prefix}/`;
  return patiently(clockOf(client), `nothing came into the queue ${prefix}`, options, async (signal) => {
    for (;;) {
      const { kvs, header } = await patientGet(client, keys, { prefix: true, limit: 1, ...order }, signal);
      const [first] = kvs;
      if (first === undefined) await awaitPut(client, keys, true, header.revision + 1, signal);
      // Not ended by the signal: what is taken out is handed out.
      else if (await take(client, first)) return first.value;
    }
  });
}

/** Of all consumers that saw it one deletes it. */
async function take(client: Client, { key, modRevision }: KeyValue): Promise<boolean> {
  const unchanged = compare.modRevision(key).equals(modRevision);
  return (await client.kv.txn().if(unchanged).then(op.delete(key)).commit()).succeeded;
}

/**
 * Puts `value` under the next number after the last key of the prefix. The base key is written with each: without it a
 * number could be given a second time, after its first key was taken out.
 */
async function putNext(client: Client, prefix: string, value: Bytes, options?: CallOptions): Promise<void> {
  const base = `__${prefix}`;
  for (;;) {
    const last: GetOptions = { prefix: true, sortTarget: 'key', sortOrder: 'descend', limit: 1 };
    const { kvs, header } = await client.kv.get(prefix, { ...last, ...options });
    const number = kvs[0] === undefined ? 0 : numberOf(kvs[0]) + 1;
    const { succeeded } = await client.kv
      .txn()
      .if(compare.modRevision(base).less(header.revision + 1))
      .then(op.put(base, ''), op.put(`${prefix}/${String(number).padStart(16, '0')}`, value))
      .commit(options);
    if (succeeded) return;
  }
}

function numberOf({ key }: KeyValue): number {
  const number = Number(/\/(\d+)$/.exec(textOf(key))?.[1]);
  if (Number.isSafeInteger(number)) return number;
  throw new QuorateError('FailedPrecondition', `quorate: ${textOf(key)} is no key of a priority queue`);
}
