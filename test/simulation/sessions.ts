/**
 * The product's own clients in a simulation: each holds leases, contends for a lock and watches everything. What they
 * saw is held against the replayed log at the end.
 */
import { clientOver } from '../../client/client.js';
import type { Client, Watcher, WatchResponse } from '../../client/index.js';
import { CompactedWatchError } from '../../client/watcher.js';
import { fromText, toText } from '../../machines/language/bytes.js';
import { QuorateError } from '../../machines/language/errors.js';
import { LinkError } from '../../transport/ports.js';
import { MemoryLink } from '../../transport/memory-link.js';
import type { Chance } from './chance.js';
import type { Cluster } from './cluster.js';
import { clients } from './door.js';
import { must } from './failure.js';
import { createLife } from './life.js';
import { judgeWatched, type Watched } from './watched.js';

/** A grant or renewal that was answered: the lease lives this long at least, counted from the question. */
interface Promised {
  readonly lease: string;
  readonly asked_ms: number;
  readonly ttl_ms: number;
}

interface Won {
  readonly key: string;
  readonly rev: number;
  /** At which it was won. */
  readonly revision: number;
}

/** What a watcher was told, and whether it ended because of a compaction. */
interface Held extends Watched {
  readonly responses: WatchResponse[];
  compacted: boolean;
}

/** So little that a watcher that lingers is full now and then. */
const SLOW_BUFFER_BYTES = 2_000;

export interface Sessions {
  readonly counts: { promised: number; won: number; watched: number };
  stop(): void;
  /** Nothing is left to wait for: every watcher has seen all of it, and every lease is over. */
  isDone(): boolean;
  /** `drift`: by how much a clock may have been fast. */
  judge(drift: number): void;
}

export function startSessions(cluster: Cluster, count: number): Sessions {
  const { truth } = cluster;
  const promised: Promised[] = [];
  const won: Won[] = [];
  const watched: Held[] = [];
  let stopped = false;
  const seen: Seen = { promised, won, watched, stopped: () => stopped };
  for (let i = 0; i < count; i++) startSession(cluster, `k${i}`, seen);
  return {
    counts: {
      get promised() {
        return promised.length;
      },
      get won() {
        return won.length;
      },
      get watched() {
        return watched.reduce((sum, { responses }) => sum + responses.length, 0);
      },
    },
    stop: () => void (stopped = true),
    isDone: () =>
      truth.leases.size === 0 && watched.every((one) => one.compacted || one.upTo() >= truth.state.revision),
    judge(drift) {
      for (const promise of promised) judgePromise(cluster, promise, drift);
      for (const one of won) judgeWon(cluster, one);
      for (const one of watched) judgeWatched(cluster.truth, one);
    },
  };
}

interface Seen {
  readonly promised: Promised[];
  readonly won: Won[];
  readonly watched: Held[];
  stopped(): boolean;
}

/** Runs until it is told to stop; an error of the cluster's is no failure here. */
async function over(seen: Seen, once: () => Promise<void>): Promise<void> {
  while (!seen.stopped()) {
    try {
      await once();
    } catch (error) {
      if (!(error instanceof QuorateError) && !(error instanceof LinkError)) throw error;
    }
  }
}

function startSession(cluster: Cluster, name: string, seen: Seen): void {
  const { world, switchboard } = cluster;
  const chance = world.chance.fork();
  const { clock } = createLife(world);
  const link = new MemoryLink(switchboard, clock, clients);
  const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms));
  const fail = (error: unknown): void => cluster.fail(error);
  const begin = async (): Promise<void> => {
    const names = { link, clusterName: 'simulated', timeoutMs: 3000, watchBufferBytes: SLOW_BUFFER_BYTES };
    const options = { ...names, clock, random: world.chance.fork() };
    const client = await clientOver(options, () => Promise.resolve(link));
    watch(cluster, client, chance, seen, null);
    watch(cluster, client, chance, seen, () => pause(chance.below(0, 200)));
    over(seen, () => holdLease(client, name, chance, () => clock.now_ms(), pause, seen)).catch(fail);
    over(seen, () => takeLock(link, chance, pause, seen)).catch(fail);
  };
  begin().catch(fail);
}

async function holdLease(
  client: Client,
  name: string,
  chance: Chance,
  now_ms: () => number,
  pause: (ms: number) => Promise<void>,
  { promised }: Seen,
): Promise<void> {
  await pause(50 + 400 * chance.fraction());
  const ttl_ms = chance.pick([400, 1000, 2500]);
  let asked_ms = now_ms();
  const { id, ttlMs } = await client.lease.grant(ttl_ms, { timeoutMs: 1500 });
  promised.push({ lease: String(id), asked_ms, ttl_ms: ttlMs });
  const keys = chance.below(0, 3);
  for (let i = 0; i < keys; i++) await client.kv.put(`s/${name}/${i}`, String(id), { lease: id, timeoutMs: 1500 });
  for (let renewals = chance.below(0, 8); renewals > 0; renewals--) {
    await pause((ttl_ms / 3) * (0.5 + chance.fraction()));
    asked_ms = now_ms();
    const renewed = await client.lease.keepAliveOnce(id, { timeoutMs: 1000 });
    promised.push({ lease: String(id), asked_ms, ttl_ms: renewed.ttlMs });
  }
  if (chance.happens(0.3)) await client.lease.revoke(id, { timeoutMs: 1500 });
}

/** As a program in any language would: two requests to the service. */
async function takeLock(
  link: MemoryLink,
  chance: Chance,
  pause: (ms: number) => Promise<void>,
  { won }: Seen,
): Promise<void> {
  await pause(20 + 600 * chance.fraction());
  const asked = await askService(link, 'lock.lock', { name: `l/${chance.below(0, 2)}`, ttl_ms: 1500 }, 2500);
  const { key, rev, header } = asked as { key?: string; rev?: number; header?: { revision: number } };
  if (key === undefined || rev === undefined || header === undefined) return;
  won.push({ key, rev, revision: header.revision });
  await pause(800 * chance.fraction());
  if (chance.happens(0.8)) await askService(link, 'lock.unlock', { key }, 1500);
}

async function askService(link: MemoryLink, op: string, body: unknown, timeout_ms: number): Promise<unknown> {
  const headers = new Map([['Quorate-Timeout-Ms', String(timeout_ms)]]);
  const answer = await link.request(`simulated.${op}`, fromText(JSON.stringify(body)), headers, timeout_ms + 500);
  return JSON.parse(toText(answer.body) ?? '{}');
}

/** `linger`: what it does with each response before it reads on; null: it is told at once. */
function watch(
  cluster: Cluster,
  client: Client,
  chance: Chance,
  seen: Seen,
  linger: (() => Promise<void>) | null,
): void {
  const read = async (watcher: Watcher, responses: WatchResponse[]): Promise<void> => {
    for await (const response of watcher) {
      responses.push(response);
      if (!seen.stopped()) await linger?.();
    }
  };
  const begin = (startRevision: number | undefined): void => {
    const responses: WatchResponse[] = [];
    const watcher = client.watch('', { prefix: true, startRevision, prevKv: chance.happens(0.3) });
    if (linger === null) watcher.on('response', (response) => responses.push(response));
    // How it ends is told below.
    else read(watcher, responses).catch(() => undefined);
    watcher.on('error', (error) => {
      if (error instanceof CompactedWatchError) {
        for (const one of seen.watched) if (one.responses === responses) one.compacted = true;
        if (!seen.stopped()) begin(error.compactRevision);
      } else if (!seen.stopped()) cluster.fail(error);
    });
    const add = (after: number): void => {
      seen.watched.push({ after, responses, compacted: false, upTo: () => watcher.revision });
    };
    if (startRevision !== undefined) return add(startRevision - 1);
    watcher.created.then(
      ({ revision }) => add(revision),
      () => undefined,
    );
  };
  begin(undefined);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

function judgePromise({ truth }: Cluster, { lease, asked_ms, ttl_ms }: Promised, drift: number): void {
  const end = truth.ended.find((one) => one.lease === lease);
  if (end === undefined) return;
  const facts = { lease, asked_ms, ttl_ms, ended_ms: end.at_ms };
  must(end.at_ms >= asked_ms, 'a lease that is over is not renewed', facts);
  if (end.expired) must(end.at_ms - asked_ms >= ttl_ms / drift - 1, 'a lease is not over before its time', facts);
}

/** Whoever has won was the first of all that contended, at that moment. */
function judgeWon({ truth }: Cluster, { key, rev, revision }: Won): void {
  const prefix = key.slice(0, key.lastIndexOf('/') + 1);
  const rivals = [...truth.at(revision).keys.values()].filter((kv) => kv.key.startsWith(prefix));
  const own = rivals.find((kv) => kv.key === key);
  const facts = { key, rev, revision, rivals: rivals.map(({ key: name, create }) => [name, create]) };
  must(own?.create === rev, 'who holds a lock has its key', facts);
  must(
    rivals.every(({ create }) => create >= rev),
    'who holds a lock is the first in line',
    facts,
  );
}
