/**
 * A client on the model of the store, with leases that end when the test says so: for what recipes do when something
 * happens between two of their steps.
 */
import { keepClockOf } from '../../client/clock.js';
import type { Connection } from '../../client/connection.js';
import { kvOf } from '../../client/kv.js';
import type { KeepAlive } from '../../client/lease-types.js';
import type { Client, KeyValue, ResponseHeader } from '../../client/types.js';
import type { EventCause, Watcher, WatchEvent, WatchOptions, WatchResponse } from '../../client/watch-types.js';
import { fromText, prefixEnd, toHex, toText } from '../../machines/language/bytes.js';
import type { Operation, PutRequest, TxnOperation } from '../../machines/language/commands.js';
import { errorOf, QuorateError } from '../../machines/language/errors.js';
import { type ClusterId, index, memberId, term } from '../../machines/language/vocabulary.js';
import type { Request, Result } from '../../transport/ports.js';
import { emptyModel, type KvModel, step } from '../model/kv-model.js';
import { manualClock, type ManualClock } from './manual-clock.js';

export interface ModelCluster {
  readonly clock: ManualClock;
  readonly client: Client;
  /** The keys that are there, as text, in order of creation. */
  readonly keys: () => readonly string[];
  /** The lease that was granted last. */
  readonly lastLease: () => bigint;
  /** The lease's time is over: its keys go, and whoever keeps it alive hears of it. */
  readonly expire: (lease: bigint) => Promise<void>;
  /** The same, but the holder has not heard of it yet. */
  readonly expireUnheard: (lease: bigint) => Promise<void>;
  /** Awaited before each request is carried out; may throw. */
  before: ((request: Request) => void | Promise<void>) | undefined;
  /** Called with what each request came to; may throw: the answer is lost. */
  after: ((request: Request) => void) | undefined;
}

interface Lease {
  readonly ttl_ms: number;
  readonly keepers: Set<{ lose(): void }>;
}

export function modelCluster(): ModelCluster {
  const clock = manualClock();
  let model: KvModel = emptyModel;
  let lastLease = 0x1000n;
  const leases = new Map<bigint, Lease>();
  const leaseOfKey = new Map<string, bigint>();
  const watchers = new Set<() => void>();
  /** Of the deletes of a revision, where it was not a user's. */
  const causes = new Map<number, EventCause>();

  const run = (operation: Operation): Result => {
    const { model: next, decision } = step(model, withoutLeases(operation));
    if (decision.type === 'error') throw errorOf(decision.error);
    if (decision.type === 'truncated') throw new Error('the model keeps everything');
    const puts = putsOf(operation, decision.type !== 'txn' || decision.txn.succeeded);
    if (puts.some((put) => put.lease !== 0n && !leases.has(put.lease))) throw errorOf('LeaseNotFound');
    model = next;
    for (const put of puts) leaseOfKey.set(toHex(put.key), put.lease);
    for (const wake of [...watchers]) wake();
    switch (decision.type) {
      case 'put':
        return { op: 'kv.put', body: decision.put };
      case 'delete':
        return { op: 'kv.delete', body: decision.delete };
      case 'txn':
        return { op: 'kv.txn', body: decision.txn };
      case 'compact':
        return { op: 'kv.compact', body: decision.compact };
      case 'lease.grant':
      case 'lease.revoke':
      case 'lease.checkpoint':
        throw new Error(`the model decides no ${decision.type}`);
    }
  };
  const headerAt = (revision: number) => ({
    cluster_id: 1n as ClusterId,
    member_id: memberId(1n),
    revision,
    raft_term: term(1),
    raft_index: index(1),
  });
  const cluster: { before: ModelCluster['before']; after: ModelCluster['after'] } = {
    before: undefined,
    after: undefined,
  };
  const connection: Pick<Connection, 'ask' | 'close'> = {
    ask: async (request, _write, _destination, options, read) => {
      await Promise.resolve();
      await cluster.before?.(request);
      if (options?.signal?.aborted === true) throw errorOf('Canceled');
      const result = execute(request, run);
      cluster.after?.(request);
      return read({ ok: true, header: headerAt(revisionOf(result)), result });
    },
    close: () => Promise.resolve(),
  };
  const header = (): ResponseHeader => ({
    clusterId: 1n,
    memberId: 1n,
    revision: model.revision,
    raftTerm: 1,
    raftIndex: 1,
  });
  const end = async (id: bigint, cause: EventCause): Promise<void> => {
    leases.delete(id);
    const keys = [...leaseOfKey].filter(([, lease]) => lease === id).map(([key]) => fromHex(key));
    for (const key of keys) leaseOfKey.delete(toHex(key));
    const success = keys.map((key) => ({ delete: { key, range_end: new Uint8Array(), prev_kv: false } }));
    causes.set(model.revision + 1, cause);
    if (keys.length > 0) run({ type: 'txn', txn: { compare: [], success, failure: [] } });
    await Promise.resolve();
  };
  const keepAlive = (id: bigint): KeepAlive => {
    let alive = leases.has(id);
    let tell: (error: Error) => void = () => undefined;
    const lost = new Promise<Error>((resolve) => (tell = resolve));
    const keeper = {
      lose: () => {
        alive = false;
        tell(errorOf('LeaseNotFound'));
      },
    };
    leases.get(id)?.keepers.add(keeper);
    return {
      id,
      get alive() {
        return alive;
      },
      lost,
      onRenewed: () => () => undefined,
      stop: () => void leases.get(id)?.keepers.delete(keeper),
    };
  };
  const notNeeded = () => Promise.reject(new Error('no recipe asks this'));
  const client: Client = {
    kv: kvOf(connection as Connection),
    lease: {
      grant: (ttlMs) => {
        leases.set(++lastLease, { ttl_ms: ttlMs, keepers: new Set() });
        return Promise.resolve({ header: header(), id: lastLease, ttlMs });
      },
      revoke: async (id) => {
        if (!leases.has(id)) throw errorOf('LeaseNotFound');
        await end(id, 'lease revoked');
        return { header: header() };
      },
      keepAlive,
      keepAliveOnce: notNeeded,
      timeToLive: (id) => {
        const ttl = leases.get(id)?.ttl_ms ?? -1;
        return Promise.resolve({ header: header(), id, ttlMs: ttl, grantedTtlMs: ttl, keys: [] });
      },
      list: notNeeded,
    },
    watch: (key, options = {}) => watcherOn({ modelNow: () => model, header, watchers, causes }, key, options),
    cluster: { memberList: notNeeded },
    maintenance: { status: notNeeded, hashKv: notNeeded },
    close: () => Promise.resolve(),
  };
  keepClockOf(client, clock);
  return Object.assign(cluster, {
    clock,
    client,
    keys: () => {
      const contents = [...(model.contents[model.revision]?.values() ?? [])];
      contents.sort((a, b) => a.create_revision - b.create_revision);
      return contents.map((kv) => toText(kv.key) ?? '');
    },
    expire: async (id: bigint) => {
      const lease = leases.get(id);
      await end(id, 'lease expired');
      for (const keeper of lease?.keepers ?? []) keeper.lose();
    },
    lastLease: () => lastLease,
    expireUnheard: (id: bigint) => end(id, 'lease expired'),
  });
}

const fromHex = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

function execute(request: Request, run: (operation: Operation) => Result): Result {
  if (request.op === 'kv.put') return run({ type: 'put', put: request.body });
  if (request.op === 'kv.delete') return run({ type: 'delete', delete: request.body });
  if (request.op === 'kv.txn') return run({ type: 'txn', txn: request.body });
  if (request.op === 'kv.compact') return run({ type: 'compact', revision: request.body.revision });
  if (request.op !== 'kv.range') throw new QuorateError('Internal', `${request.op} is not part of the model`);
  const result = run({ type: 'txn', txn: { compare: [], success: [{ range: request.body }], failure: [] } });
  const read = result.op === 'kv.txn' ? result.body.responses[0] : undefined;
  if (read === undefined || !('range' in read)) throw new Error('a range was asked');
  return { op: 'kv.range', body: read.range };
}

const revisionOf = (result: Result): number =>
  result.op === 'cluster.list' || !('revision' in result.body) ? 0 : Number(result.body.revision);

function putsOf(operation: Operation, took: boolean): readonly PutRequest[] {
  if (operation.type === 'put') return [operation.put];
  if (operation.type !== 'txn') return [];
  const chosen = took ? operation.txn.success : operation.txn.failure;
  return chosen.flatMap((each) => ('put' in each ? [each.put] : []));
}

function withoutLeases(operation: Operation): Operation {
  const bare = (each: TxnOperation): TxnOperation => ('put' in each ? { put: { ...each.put, lease: 0n } } : each);
  if (operation.type === 'put') return { type: 'put', put: { ...operation.put, lease: 0n } };
  if (operation.type !== 'txn') return operation;
  const { compare, success, failure } = operation.txn;
  return { type: 'txn', txn: { compare, success: success.map(bare), failure: failure.map(bare) } };
}

interface WatchParts {
  readonly modelNow: () => KvModel;
  readonly header: () => ResponseHeader;
  readonly watchers: Set<() => void>;
  readonly causes: ReadonlyMap<number, EventCause>;
}

/** A watcher that compares the contents of each revision with those of the one before. */
function watcherOn(parts: WatchParts, key: string | Uint8Array, options: WatchOptions): Watcher {
  const { modelNow, header, watchers } = parts;
  const from = toHex(typeof key === 'string' ? fromText(key) : key);
  const end = options.prefix === true ? toHex(prefixEnd(fromHex(from))) : `${from}00`;
  let delivered = (options.startRevision ?? modelNow().revision + 1) - 1;
  let ended = false;
  let wake: () => void = () => undefined;
  const woken = () => wake();
  watchers.add(woken);
  const cancel = (): Promise<void> => {
    ended = true;
    watchers.delete(woken);
    wake();
    return Promise.resolve();
  };
  options.signal?.addEventListener('abort', () => void cancel());
  async function* responses(): AsyncGenerator<WatchResponse> {
    while (!ended && options.signal?.aborted !== true) {
      const model = modelNow();
      if (delivered < model.revision) {
        if (delivered + 1 < model.compact_revision) {
          throw Object.assign(errorOf('Compacted'), { compactRevision: model.compact_revision });
        }
        delivered += 1;
        const events = eventsOf(model, delivered, parts.causes.get(delivered) ?? 'user').filter(
          ({ type, kv }) =>
            toHex(kv.key) >= from && toHex(kv.key) < end && options.filters?.includes(`no${type}`) !== true,
        );
        if (events.length > 0) yield { header: header(), events, initial: false };
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  const watcher: Watcher = {
    created: Promise.resolve(header()),
    get revision() {
      return delivered;
    },
    on: () => watcher,
    off: () => watcher,
    requestProgress: () => Promise.resolve(),
    cancel,
    [Symbol.asyncIterator]: responses,
  };
  return watcher;
}

function eventsOf(model: KvModel, revision: number, cause: EventCause): readonly WatchEvent[] {
  const [before, now] = [model.contents[revision - 1], model.contents[revision]];
  if (before === undefined || now === undefined) return [];
  const events: WatchEvent[] = [];
  for (const [key, kv] of now) {
    if (before.get(key)?.mod_revision !== kv.mod_revision) {
      const { create_revision: createRevision, mod_revision: modRevision, ...rest } = kv;
      events.push({ type: 'put', kv: { ...rest, createRevision, modRevision }, cause: 'user' });
    }
  }
  for (const [key, { key: bytes }] of before) {
    const kv: KeyValue = {
      key: bytes,
      value: new Uint8Array(),
      createRevision: 0,
      modRevision: revision,
      version: 0,
      lease: 0n,
    };
    if (!now.has(key)) events.push({ type: 'delete', kv, cause });
  }
  return events;
}
