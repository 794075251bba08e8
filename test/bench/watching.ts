/** Watches and leases: many watchers of one key, one that never reads, and what keeping leases alive costs a node. */
import { perform, type Cluster, type System, type SystemName } from './system.js';
import type { Results } from './tasks.js';
import { letRunOnly, median } from './throughput.js';

export const watchingParts = ['watch', 'stalled', 'leases'] as const;
export type WatchingPart = (typeof watchingParts)[number];

export interface Watching {
  readonly system: SystemName;
  readonly watch?: Results['watch'];
  /** Puts a second, without and with a watcher that never reads. */
  readonly stalled?: { readonly without: number; readonly with: number };
  readonly leases?: Results['leases'];
}

const WATCH = { mode: 'watch', watchers: 1_000, connections: 10, puts: 300, writers: 10, value_bytes: 256 } as const;
const STALLED = { mode: 'stalled', seconds: 4, callers: 100, value_bytes: 256 } as const;
const LEASES = { mode: 'leases', leases: 10_000, ttl_seconds: 15, seconds: 15 } as const;
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
      ...(parts.includes('leases') ? { leases: await benchLeases(system, cluster) } : {}),
    };
    tell(JSON.stringify(row));
    taken.push(row);
  }
  return taken;
}

/** What is no longer alive costs nothing: with many of them gone the figure means nothing. */
async function benchLeases(system: System, cluster: Cluster): Promise<Results['leases']> {
  const found = await perform(system, cluster, { ...LEASES, pids: cluster.pids });
  if (found.alive >= LEASES.leases * 0.95) return found;
  throw new Error(`${system.name}: of ${LEASES.leases} leases that were kept alive ${found.alive} are left`);
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
