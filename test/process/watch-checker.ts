/**
 * What watchers saw, held against the history (reference 2.5): in order, nothing twice, nothing left out, no revision
 * cut in half, resumed without a trace, progress that was true, and the right pair before.
 */
import assert from 'node:assert/strict';
import type { Client, WatchEvent, Watcher, WatchResponse } from '../../client/index.js';

export interface Seen {
  readonly responses: readonly WatchResponse[];
  /** What ended it, if anything did. */
  readonly error: Error | undefined;
  /** Resolves once everything up to this revision was delivered; rejects when it ends before. */
  upTo(revision: number): Promise<void>;
  /** Resolves with the next response, or the end. */
  more(): Promise<void>;
}

/** Reads a watcher to its end, in the background. */
export function follow(watcher: Watcher): Seen {
  const responses: WatchResponse[] = [];
  let waiting: (() => void)[] = [];
  const seen = { responses, error: undefined as Error | undefined, over: false };
  const wake = (): void => {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  };
  const read = async (): Promise<void> => {
    for await (const response of watcher) {
      responses.push(response);
      wake();
    }
  };
  const end = (error?: Error): void => {
    seen.error = error;
    seen.over = true;
    wake();
  };
  read().then(() => end(), end);
  return Object.assign(seen, {
    more: () => new Promise<void>((resolve) => waiting.push(resolve)),
    upTo: async (revision: number): Promise<void> => {
      while ((responses.at(-1)?.header.revision ?? 0) < revision) {
        if (seen.over) throw new Error(`the watcher ended before revision ${revision}`, { cause: seen.error });
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
    },
  });
}

const name = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

const sentence = ({ type, kv, prevKv }: WatchEvent, withPrevious: boolean): string => {
  const before = prevKv === undefined ? '-' : `${prevKv.modRevision}=${name(prevKv.value)}`;
  return `${kv.modRevision} ${type} ${name(kv.key)}=${name(kv.value)}${withPrevious ? ` before ${before}` : ''}`;
};

/** All that happened below a prefix, by another way than watching: asked of the store, one answer after the other. */
export async function historyOf(client: Client, prefix: string, from: number): Promise<readonly WatchEvent[]> {
  const { header } = await client.kv.get(prefix, { prefix: true, countOnly: true });
  const events: WatchEvent[] = [];
  for (let revision = from; revision <= header.revision; revision++) {
    const now = await stateAt(client, prefix, revision);
    const before = revision === 1 ? new Map<string, WatchEvent['kv']>() : await stateAt(client, prefix, revision - 1);
    const changed: WatchEvent[] = [];
    for (const [key, kv] of now) {
      if (kv.modRevision === revision) changed.push({ type: 'put', kv, cause: 'user', ...previous(before.get(key)) });
    }
    for (const [key, kv] of before) {
      if (now.has(key)) continue;
      const gone = { ...kv, value: new Uint8Array(0), modRevision: revision };
      changed.push({ type: 'delete', kv: gone, cause: 'user', ...previous(kv) });
    }
    events.push(...changed);
  }
  return events;
}

const previous = (kv: WatchEvent['kv'] | undefined): { readonly prevKv?: WatchEvent['kv'] } =>
  kv === undefined ? {} : { prevKv: kv };

async function stateAt(client: Client, prefix: string, revision: number): Promise<Map<string, WatchEvent['kv']>> {
  const { kvs } = await client.kv.get(prefix, { prefix: true, revision, serializable: false });
  return new Map(kvs.map((kv) => [name(kv.key), kv]));
}

/**
 * Holds what was seen against what happened from a revision on. Within a revision the order is the transaction's,
 * which the states do not show: there only the set counts.
 */
export function assertFaithful(
  seen: readonly WatchResponse[],
  happened: readonly WatchEvent[],
  options: { readonly prevKv?: boolean } = {},
): void {
  const withPrevious = options.prevKv === true;
  const events = seen.filter((response) => !response.initial).flatMap((response) => response.events);
  const said = events.map((event) => sentence(event, withPrevious));
  assert.equal(new Set(said).size, said.length, 'unique: no event twice');
  let last = 0;
  for (const { kv } of events) {
    assert.ok(kv.modRevision >= last, `ordered: ${kv.modRevision} after ${last}`);
    last = kv.modRevision;
  }
  let end = 0;
  for (const { header, events: part } of seen) {
    for (const { kv } of part) {
      assert.ok(kv.modRevision > end || seen[0]?.initial === true, `atomic: a second response with ${kv.modRevision}`);
      assert.ok(kv.modRevision <= header.revision, 'bookmarkable: no event is later than its response says');
    }
    assert.ok(header.revision >= end, `bookmarkable: ${header.revision} after ${end}`);
    end = header.revision;
  }
  const wanted = happened.filter((event) => event.kv.modRevision <= end).map((event) => sentence(event, withPrevious));
  assert.deepEqual([...said].sort(byRevision), [...wanted].sort(byRevision), 'reliable: nothing is left out');
}

const byRevision = (a: string, b: string): number => parseInt(a) - parseInt(b) || (a < b ? -1 : 1);
