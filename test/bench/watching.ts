/** Watches and leases: many watchers of one key, one that never reads, and what keeping leases alive costs a node. */
import { perform, type Cluster, type System, type SystemName } from './system.js';
import type { LeasesTask, Results } from './tasks.js';
import { letRunOnly, median } from './throughput.js';

export const watchingParts = ['watch', 'stalled', 'leases'] as const;
export type WatchingPart = (typeof watchingParts)[number];

export interface Watching {
  readonly system: SystemName;
  readonly watch?: Results['watch'];
  /** Puts a second, without and with a watcher that never reads. */
  readonly stalled?: { readonly without: number; readonly with: number };
  readonly leases?: Results['leases'];
  /** With `--leases`: puts before the leases, and while they are granted and kept alive, the last round of them. */
  readonly besideLeases?: { readonly without: Results['load']; readonly with: Results['load'] };
}

const WATCH = { mode: 'watch', watchers: 1_000, connections: 10, puts: 300, writers: 10, value_bytes: 256 } as const;
const STALLED = { mode: 'stalled', seconds: 4, callers: 100, value_bytes: 256 } as const;
const LEASES = { mode: 'leases', leases: 10_000, ttl_seconds: 15, seconds: 15 } as const;
/** Puts beside more leases than a table is made of, which take their time to be granted: each lives for a minute. */
const BESIDE = { callers: 100, connections: 1, keys: 10_000, value_bytes: 256, warm_seconds: 1, seconds: 10 } as const;
const MANY_TTL_SECONDS = 60;
/** With and without take turns. */
const STALLED_ROUNDS = 2;

export const watchingMeanings =
  `watch: ${WATCH.puts} puts of ${WATCH.value_bytes} B to one key, ${WATCH.writers} at a time, ` +
  `to ${WATCH.watchers} watchers on ${WATCH.connections} connections; ` +
  `stalled: ${STALLED.callers} callers put one key that one watcher watches and never reads; ` +
  `leases: ${LEASES.leases} leases of ${LEASES.ttl_seconds} s kept alive by one client, the nodes' processor time`;

export async function benchWatching(
  running: ReadonlyMap<System, Cluster>,
  parts: readonly WatchingPart[],
  manyLeases: number,
  tell: (text: string) => void,
): Promise<readonly Watching[]> {
  const taken: Watching[] = [];
  for (const [system, cluster] of running) {
    if (!system.hasMembers || parts.length === 0) continue;
    await letRunOnly(system, running);
    const row = {
      system: system.name,
      ...(parts.includes('watch') ? { watch: await perform(system, cluster, WATCH) } : {}),
      ...(parts.includes('stalled') ? { stalled: await benchStalled(system, cluster) } : {}),
      ...(parts.includes('leases') ? await benchLeases(system, cluster, manyLeases) : {}),
    };
    tell(JSON.stringify(row));
    taken.push(row);
  }
  return taken;
}

async function benchLeases(
  system: System,
  cluster: Cluster,
  many: number,
): Promise<Pick<Watching, 'leases' | 'besideLeases'>> {
  if (many === 0) return { leases: await keepAlive(system, cluster, LEASES) };
  const puts = () => perform(system, cluster, { mode: 'load', operation: 'put', ...BESIDE });
  await puts();
  const without = await puts();
  let over = false;
  const keeping = keepAlive(system, cluster, { ...LEASES, leases: many, ttl_seconds: MANY_TTL_SECONDS });
  void keeping.then(
    () => (over = true),
    () => (over = true),
  );
  let rounds: readonly Results['load'][] = [];
  // The last round may have outlasted the leases: the one before did not.
  while (!over) rounds = [...rounds, await puts()];
  return { leases: await keeping, besideLeases: { without, with: rounds.at(-2) as Results['load'] } };
}

/** What is no longer alive costs nothing: with many of them gone the figure means nothing. */
async function keepAlive(system: System, cluster: Cluster, task: Omit<LeasesTask, 'pids'>): Promise<Results['leases']> {
  const found = await perform(system, cluster, { ...task, pids: cluster.pids });
  if (found.alive >= task.leases * 0.95) return found;
  throw new Error(`${system.name}: of ${task.leases} leases that were kept alive ${found.alive} are left`);
}

async function benchStalled(system: System, cluster: Cluster): Promise<NonNullable<Watching['stalled']>> {
  const rates = { without: [] as number[], with: [] as number[] };
  await perform(system, cluster, { ...STALLED, watched: false });
  for (let round = 0; round < STALLED_ROUNDS; round++) {
    for (const how of ['without', 'with'] as const) {
      const { count } = await perform(system, cluster, { ...STALLED, watched: how === 'with' });
      rates[how].push(count / STALLED.seconds);
    }
  }
  return { without: median(rates.without), with: median(rates.with) };
}
