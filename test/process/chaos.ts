/** A chaos run: a real cluster, clients that write down what they see, trouble drawn from a seed, and a judgement. */
import { readFileSync } from 'node:fs';
import { connect } from '../../client/index.js';
import type { Client } from '../../client/index.js';
import { pause, within } from '../../deploy/clock.js';
import { createChance } from '../simulation/chance.js';
import type { Recorded } from '../simulation/checker.js';
import { startChaosClients } from './chaos-clients.js';
import type { ChaosClients } from './chaos-clients.js';
import { judge } from './chaos-judge.js';
import { trouble, troubles } from './chaos-nemesis.js';
import type { Nemesis, Trouble } from './chaos-nemesis.js';
import { startTestCluster } from './cluster.js';
import type { TestCluster } from './cluster.js';

export interface ChaosPlan {
  readonly seed: number;
  readonly seconds: number;
  /** Default: all that there are. */
  readonly kinds?: readonly Trouble[];
  readonly flags?: Readonly<Record<string, string>>;
  readonly say?: (line: string) => void;
}

export interface ChaosReport {
  /** Empty when all is well. */
  readonly wrong: readonly string[];
  readonly calls: number;
  readonly unanswered: number;
  /** How often calls failed with which words. */
  readonly errors: ReadonlyMap<string, number>;
  /** What the clients saw, and at the end what the judge read. */
  readonly history: readonly Recorded[];
  /** The logs of the nodes. */
  readonly output: ReadonlyMap<string, string>;
}

const last_write_max_ms = 30_000;

export async function runChaos(plan: ChaosPlan): Promise<ChaosReport> {
  const say = plan.say ?? (() => undefined);
  const chance = createChance(plan.seed);
  const wrong: string[] = [];
  const cluster = await startTestCluster({ flags: { 'snapshot-count': '500', ...plan.flags } });
  const { servers, clusterName } = cluster;
  try {
    const judgeClient = await connect({ servers, clusterName });
    const clients = await startChaosClients(
      { servers, clusterName, connections: 3, callers: 3, pause_ms: 8 },
      chance.fork(),
    );
    const nemesis: Nemesis = {
      cluster,
      clients,
      chance,
      leader: () => leaderOf(judgeClient, cluster),
      say: (line) => say(`${line} [memory ${cluster.names.map((name) => memoryOf(cluster.pid(name))).join(' ')} MiB]`),
      accuse: (line) => void wrong.push(line),
    };
    await trouble(
      nemesis,
      plan.kinds ?? (Object.keys(troubles) as Trouble[]),
      performance.now() + plan.seconds * 1_000,
    );
    const lively =
      (await within(
        last_write_max_ms,
        clients.allWrite().then(() => true),
      )) === true;
    if (!lively) wrong.push(`all is up, and not every client had a write acknowledged for ${last_write_max_ms} ms`);
    await clients.stop();
    if (lively) wrong.push(...(await judge(judgeClient, clients, cluster.names)));
    await judgeClient.close();
    return { wrong, ...countsOf(clients), history: clients.history, output: outputsOf(cluster) };
  } finally {
    await cluster.stop();
  }
}

function countsOf({ history, failures }: ChaosClients): Pick<ChaosReport, 'calls' | 'unanswered' | 'errors'> {
  const errors = new Map<string, number>();
  for (const { error } of failures) errors.set(String(error), (errors.get(String(error)) ?? 0) + 1);
  return { calls: history.length, unanswered: failures.length, errors };
}

const outputsOf = (cluster: TestCluster): ChaosReport['output'] =>
  new Map(cluster.names.map((name) => [name, cluster.output(name)]));

/** By name, as soon as a member says whom it hears. */
async function leaderOf(client: Client, cluster: TestCluster): Promise<string> {
  for (;;) {
    for (const name of cluster.names) {
      const status = await client.maintenance.status(name, { timeoutMs: 1_000 }).catch(() => undefined);
      if (status?.role === 'leader') return name;
    }
    await pause(50);
  }
}

/** In MiB; 0 where the system does not show it. */
function memoryOf(pid: number): number {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Math.round(Number(found?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}
