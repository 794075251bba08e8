/**
 * Software transactional memory: a function that reads and writes keys is run until its writes commit, with what it
 * read unchanged. etcd's four isolation levels.
 */
import { toHex } from '../../machines/language/bytes.js';
import { errors } from '../../machines/language/errors.js';
import { compare, op } from '../txn.js';
import type { Bytes, Client, Comparison, GetResponse, KeyValue, Op, PutOptions, TxnResponse } from '../types.js';
import { clockOf } from '../clock.js';
import { patiently, type WaitOptions } from './patience.js';
import { bytesOf, kvsOf } from './queue-of-keys.js';

/**
 * What holds when it commits. Each includes the next:
 * - `serializableSnapshot`: all reads are of one revision, and neither what was read nor what is written was changed
 *   since.
 * - `serializable`: all reads are of one revision, and what was read was not changed since.
 * - `repeatableReads`: what was read was not changed since, but two keys may have been read at different revisions.
 * - `readCommitted`: reads see only what was committed; what was read may have changed since.
 */
export type Isolation = 'serializableSnapshot' | 'serializable' | 'repeatableReads' | 'readCommitted';

export interface StmOptions extends WaitOptions {
  /** Default `serializableSnapshot`. */
  readonly isolation?: Isolation | undefined;
  /** Keys to read at once at the beginning. */
  readonly prefetch?: readonly Bytes[] | undefined;
}

export interface Stm {
  /** The value, as the transaction sees it, its own writes included; undefined where there is none. */
  get(key: Bytes): Promise<Uint8Array | undefined>;
  /** The mod revision of what is read; 0 where there is none. */
  revision(key: Bytes): Promise<number>;
  put(key: Bytes, value: Bytes, options?: Pick<PutOptions, 'lease'>): void;
  delete(key: Bytes): void;
}

export interface Transacted<T> {
  /** What the function returned in the run that was committed. */
  readonly result: T;
  readonly response: TxnResponse;
}

/** Runs `apply` until it commits. It may run many times: nothing but its reads and writes may have an effect. */
export function transact<T>(
  client: Client,
  apply: (stm: Stm) => T | Promise<T>,
  options: StmOptions = {},
): Promise<Transacted<T>> {
  const isolation = options.isolation ?? 'serializableSnapshot';
  return patiently(clockOf(client), 'the transaction did not commit', options, async (signal) => {
    let known = await readAll(client, options.prefetch ?? [], signal);
    for (;;) {
      const attempt = newAttempt(client, isolation, known, signal);
      try {
        const result = await apply(attempt.stm);
        const response = await attempt.commit();
        if (response.succeeded) return { result, response };
        known = attempt.readAnew(response);
      } catch (error) {
        // The revision that it reads was compacted meanwhile.
        if (!(error instanceof Error) || error.message !== errors.Compacted.message) throw error;
        known = new Map();
      }
    }
  });
}

/** One key as it was read. */
interface Read {
  readonly key: Bytes;
  readonly kv: KeyValue | undefined;
  /** Of the answer: as of when it was so. */
  readonly revision: number;
}

interface Write {
  readonly key: Bytes;
  readonly value: Uint8Array | undefined;
  readonly operation: Op;
}

type Reads = ReadonlyMap<string, Read>;

const keyName = (key: Bytes): string => toHex(bytesOf(key));

/** All in one transaction, so of one revision. */
async function readAll(client: Client, keys: readonly Bytes[], signal: AbortSignal): Promise<Reads> {
  if (keys.length === 0) return new Map();
  const { responses } = await client.kv
    .txn()
    .then(...keys.map((key) => op.get(key)))
    .commit({ signal });
  return readsOf(keys, responses);
}

function readsOf(keys: readonly Bytes[], responses: TxnResponse['responses']): Reads {
  const reads = keys.map((key, at): Read => {
    const [kv] = kvsOf(responses[at]);
    return { key, kv, revision: responses[at]?.header.revision ?? 0 };
  });
  return new Map(reads.map((read) => [keyName(read.key), read]));
}

function newAttempt(client: Client, isolation: Isolation, known: Reads, signal: AbortSignal) {
  const reads = new Map<string, Read>();
  const writes = new Map<string, Write>();
  const atOneRevision = isolation === 'serializableSnapshot' || isolation === 'serializable';
  /** The revision of what is known or of the first read, at which all others are made. */
  let base = (atOneRevision ? [...known.values()][0]?.revision : undefined) ?? 0;
  const read = async (key: Bytes): Promise<Read> => {
    const name = keyName(key);
    const before = reads.get(name);
    if (before !== undefined && isolation !== 'readCommitted') return before;
    const found = (before === undefined ? known.get(name) : undefined) ?? (await fetch(key));
    if (atOneRevision && base === 0) base = found.revision;
    reads.set(name, found);
    return found;
  };
  const fetch = async (key: Bytes): Promise<Read> => {
    const answer: GetResponse = await client.kv.get(key, { revision: base, signal });
    return { key, kv: answer.kvs[0], revision: base > 0 ? base : answer.header.revision };
  };
  const stm: Stm = {
    get: async (key) => {
      const own = writes.get(keyName(key));
      return own === undefined ? (await read(key)).kv?.value : own.value;
    },
    revision: async (key) => (await read(key)).kv?.modRevision ?? 0,
    put: (key, value, options) => {
      writes.set(keyName(key), { key, value: bytesOf(value), operation: op.put(key, value, options) });
    },
    delete: (key) => void writes.set(keyName(key), { key, value: undefined, operation: op.delete(key) }),
  };
  return {
    stm,
    commit: (): Promise<TxnResponse> =>
      client.kv
        .txn()
        .if(...conflicts(isolation, reads, writes))
        .then(...[...writes.values()].map(({ operation }) => operation))
        .else(...[...reads.values()].map(({ key }) => op.get(key)))
        .commit({ signal }),
    /** What the refused commit read of the same keys: the next run begins with it, and saves a round trip. */
    readAnew: ({ responses }: TxnResponse): Reads =>
      readsOf(
        [...reads.values()].map(({ key }) => key),
        responses,
      ),
  };
}

/** What must hold for the writes to be made. */
function conflicts(
  isolation: Isolation,
  reads: ReadonlyMap<string, Read>,
  writes: ReadonlyMap<string, Write>,
): readonly Comparison[] {
  if (isolation === 'readCommitted') return [];
  const unchanged = [...reads.values()].map(({ key, kv }) => compare.modRevision(key).equals(kv?.modRevision ?? 0));
  if (isolation !== 'serializableSnapshot' || reads.size === 0) return unchanged;
  const first = Math.min(...[...reads.values()].map(({ revision }) => revision));
  return [...unchanged, ...[...writes.values()].map(({ key }) => compare.modRevision(key).less(first + 1))];
}
