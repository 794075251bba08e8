/**
 * `npm run bench`: puts and linearizable gets on three nodes with sync on, and etcd's beside them in the same run where
 * there is one. Options: --seconds 5 --callers 1,100,1000 --only quorate|etcd.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startTestCluster } from '../process/cluster.js';
import { makeRealDirectory } from '../process/real-directory.js';
import { buildGoLoad, etcdVersion, loadByGateway, loadByGo, startEtcd } from './etcd.js';
import type { Case, Measured, Plan } from './measure.js';
import { asMarkdown } from './report.js';
import type { Report, Row } from './report.js';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    callers: { type: 'string', default: '1,100,1000' },
    only: { type: 'string' },
  },
});
const plan: Plan = { warm_seconds: 2, seconds: Number(values.seconds), keys: 10_000, value_bytes: 256 };
const cases: readonly Case[] = (['put', 'get'] as const).flatMap((operation) =>
  values.callers.split(',').map((callers) => ({ operation, callers: Number(callers) })),
);

async function benchQuorate(): Promise<readonly Row[]> {
  const cluster = await startTestCluster();
  const program = fileURLToPath(new URL('./quorate-load/main.js', import.meta.url));
  try {
    return await inTurn('Quorate', async (each) => {
      const task = { ...each, plan, servers: cluster.servers, clusterName: cluster.clusterName };
      const { stdout } = await run(process.execPath, [program, JSON.stringify(task)]);
      return JSON.parse(stdout) as Measured;
    });
  } finally {
    await cluster.stop();
  }
}

async function benchEtcd(goLoad: string | undefined): Promise<readonly Row[]> {
  const directory = makeRealDirectory('quorate-bench-etcd-');
  const cluster = await startEtcd(directory);
  try {
    return await inTurn('etcd', (each) =>
      goLoad === undefined ? loadByGateway(cluster, each, plan) : loadByGo(goLoad, cluster, each, plan),
    );
  } finally {
    await cluster.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** One case after the other, so that each has the machine to itself. */
async function inTurn(system: string, take: (each: Case) => Promise<Measured>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const each of cases) {
    const measured = await take(each);
    rows.push({ system, ...each, ...measured });
    const rate = Math.round(measured.count / measured.seconds);
    process.stderr.write(`bench: ${system} ${each.operation} ${each.callers} callers: ${rate}/s\n`);
  }
  return rows;
}

async function bench(): Promise<Report> {
  const rows: Row[] = [];
  const notes = [`3 nodes on one machine, values of ${plan.value_bytes} B, ${plan.keys} keys, every write synced`];
  const etcd = await etcdVersion();
  if (values.only !== 'etcd') rows.push(...(await benchQuorate()));
  if (values.only !== 'quorate' && etcd === undefined) notes.push('etcd is not on PATH');
  if (values.only !== 'quorate' && etcd !== undefined) {
    const goLoad = await buildGoLoad();
    rows.push(...(await benchEtcd(goLoad)));
    const by = goLoad === undefined ? 'its JSON gateway (Go, or its sources, are not here)' : 'its own Go client';
    notes.push(`${etcd}, asked by ${by}`);
  }
  return {
    taken: new Date().toISOString(),
    machine: machine(),
    node: process.versions.node,
    notes,
    rows,
  };
}

function machine(): string {
  const model = cpus()[0]?.model ?? 'unknown';
  return `${availableParallelism()} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB`;
}

const report = await bench();
const directory = join(projectRoot, 'bench-results');
mkdirSync(directory, { recursive: true });
const name = join(directory, report.taken.replaceAll(':', '-').slice(0, 19));
writeFileSync(`${name}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
writeFileSync(`${name}.md`, asMarkdown(report));
process.stdout.write(`${asMarkdown(report)}\n${name}.json\n`);
