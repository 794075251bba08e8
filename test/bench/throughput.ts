/** Operations at 1, 100 and 1,000 callers: the systems one after the other in each case, round after round. */
import { pause } from '../../deploy/clock.js';
import type { Case, Measured, Plan } from './cases.js';
import type { BenchOptions } from './options.js';
import { perform } from './system.js';
import type { Cluster, System, SystemName } from './system.js';

export interface Row extends Case, Measured {
  readonly system: SystemName;
  readonly connections: number;
}

const AWAKE_MAX_MS = 60_000;
const PROBE_KEYS = 10;
const TRIAL = { warm_seconds: 1, seconds: 1 };
/** Servers that run for months are not measured in their first seconds: each is asked so long first. */
export const WARM_UP = { callers: 100, connections: 1, warm_seconds: 0, seconds: 8 } as const;

/**
 * The medians of all rounds. The clusters stand beside one another and take turns, so that a noisy minute falls on all
 * of them; while one is asked, the processes of the others are paused: idle ones would cost it some of the processor.
 */
export async function benchThroughput(
  running: ReadonlyMap<System, Cluster>,
  { cases, plan, rounds, connections }: BenchOptions,
  tell: (text: string) => void,
): Promise<readonly Row[]> {
  for (const [system, cluster] of running) {
    await letRunOnly(system, running);
    await perform(system, cluster, { mode: 'fill', keys: plan.keys, value_bytes: plan.value_bytes });
    for (const operation of ['get', 'put'] as const) {
      await perform(system, cluster, { mode: 'load', ...plan, ...WARM_UP, operation });
    }
  }
  const fastest = new Map<string, number>();
  for (const [system, cluster] of running) {
    if (connections !== undefined) break;
    await letRunOnly(system, running);
    await findFastest(system, cluster, cases, plan, fastest);
  }
  const taken = new Map<string, Row[]>();
  for (let round = 0; round < rounds; round++) {
    for (const each of cases) {
      // Whoever goes first in one round goes last in the next.
      const order = round % 2 === 0 ? [...running] : [...running].reverse();
      for (const [system, cluster] of order) {
        if (!system.operations.includes(each.operation)) continue;
        await letRunOnly(system, running);
        const used = connections ?? fastest.get(trialName(system, each)) ?? 1;
        const measured = await perform(system, cluster, { mode: 'load', ...each, ...plan, connections: used });
        const name = `${system.name} ${each.operation} ${each.callers}`;
        taken.set(name, [...(taken.get(name) ?? []), { system: system.name, connections: used, ...each, ...measured }]);
        tell(`${name} callers: ${Math.round(measured.count / measured.seconds)}/s, p50 ${measured.p50_us / 1_000} ms`);
      }
    }
  }
  for (const cluster of running.values()) signalAll(cluster, 'SIGCONT');
  return [...taken.values()].map(medianRow);
}

/** Reads go by the trial of gets, all else by that of puts. */
const trialOf = ({ operation, callers }: Case): Case => ({
  operation: operation.startsWith('get') || operation === 'range' ? 'get' : 'put',
  callers,
});

function trialName(system: System, each: Case): string {
  const { operation, callers } = trialOf(each);
  return `${system.name} ${operation} ${callers}`;
}

/** The number of connections with which a system's client does the most, so that the comparison flatters nobody. */
async function findFastest(
  system: System,
  cluster: Cluster,
  cases: readonly Case[],
  plan: Plan,
  fastest: Map<string, number>,
): Promise<void> {
  for (const each of cases) {
    const name = trialName(system, each);
    const counts = system.connections(each.callers);
    if (fastest.has(name) || counts.length < 2) continue;
    let most = -1;
    for (const connections of counts) {
      const task = { mode: 'load', ...plan, ...TRIAL, ...trialOf(each), connections } as const;
      const { count } = await perform(system, cluster, task);
      if (count > most) fastest.set(name, connections);
      most = Math.max(most, count);
    }
  }
}

/** Resolves when the chosen one answers: a pause may have cost it its leader. */
export async function letRunOnly(chosen: System, running: ReadonlyMap<System, Cluster>): Promise<void> {
  for (const [system, cluster] of running) signalAll(cluster, system === chosen ? 'SIGCONT' : 'SIGSTOP');
  const cluster = running.get(chosen) as Cluster;
  const deadline_ms = performance.now() + AWAKE_MAX_MS;
  for (;;) {
    try {
      await perform(chosen, cluster, { mode: 'fill', keys: PROBE_KEYS, value_bytes: 1 });
      return;
    } catch (error) {
      if (performance.now() > deadline_ms) throw error;
      await pause(200);
    }
  }
}

export function signalAll(cluster: Cluster, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of cluster.pids) process.kill(pid, signal);
}

function medianRow(rows: readonly Row[]): Row {
  const [first] = rows as readonly [Row];
  const of = (figure: (row: Row) => number) => median(rows.map(figure));
  return {
    ...first,
    count: of((row) => row.count),
    errors: rows.reduce((sum, row) => sum + row.errors, 0),
    p50_us: of((row) => row.p50_us),
    p90_us: of((row) => row.p90_us),
    p99_us: of((row) => row.p99_us),
    max_us: of((row) => row.max_us),
    load_cores: of((row) => row.load_cores),
  };
}

/** Of an even number of figures, the mean of the two in the middle. */
export function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return ((low ?? 0) + (high ?? 0)) / 2;
}
