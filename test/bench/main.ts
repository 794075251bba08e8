/**
 * `npm run bench`: Quorate beside etcd and JetStream's key-value store, where they are installed, in one run. Flags:
 *
 *   --only put,get,… --skip big    parts: put, get, get-serializable, mixed, txn, range, watch, stalled,
 *                                  leases, election, big
 *   --systems quorate,etcd,jetstream   --callers 1,100,1000   --seconds 5   --rounds 1   --connections N
 *   --leases 100000 (with `--only leases`: so many, and what they cost the puts beside them)
 *   --elections 7   --keys 1000000 --restarts 3 (of `big`)   --write (the results into the README)
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { benchBig } from './big.js';
import type { Big } from './big.js';
import { benchElection } from './election.js';
import { findEtcd } from './etcd.js';
import { findJetStream } from './jetstream.js';
import { describeMachine } from './machine.js';
import { readOptions } from './options.js';
import type { BenchOptions } from './options.js';
import { findQuorate } from './quorate.js';
import { writeIntoReadme } from './readme.js';
import { asMarkdown } from './report.js';
import type { Report } from './report.js';
import type { Cluster, System } from './system.js';
import { benchWatching } from './watching.js';
import { benchThroughput, signalAll, WARM_UP } from './throughput.js';

const projectRoot = fileURLToPath(new URL('../../../', import.meta.url));
const tell = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

async function findSystems(wanted: BenchOptions['systems']): Promise<readonly System[]> {
  const finders = { quorate: findQuorate, etcd: findEtcd, jetstream: findJetStream };
  const found: System[] = [];
  for (const [name, find] of Object.entries(finders)) {
    if (wanted?.includes(name) === false) continue;
    const system = await find();
    if (system === undefined) tell(`${name} is not installed here: left out`);
    else found.push(system);
  }
  return found;
}

async function benchSmall(systems: readonly System[], options: BenchOptions) {
  const running = new Map<System, Cluster>();
  try {
    if (options.cases.length + options.watching.length + options.elections === 0)
      return { rows: [], watching: [], elections: [] };
    for (const system of systems) running.set(system, await system.start());
    return {
      rows: options.cases.length === 0 ? [] : await benchThroughput(running, options, tell),
      watching: await benchWatching(running, options.watching, options.manyLeases, tell),
      elections: await benchElection(running, options.elections, tell),
    };
  } finally {
    for (const cluster of running.values()) {
      signalAll(cluster, 'SIGCONT');
      await cluster.stop();
    }
  }
}

async function bench(options: BenchOptions): Promise<Report> {
  const began_ms = performance.now();
  const machine = describeMachine();
  const systems = await findSystems(options.systems);
  const { rows, watching, elections } = await benchSmall(systems, options);
  const big: Big[] = [];
  if (options.big_keys > 0) {
    for (const system of systems) if (system.hasMembers) big.push(await benchBig(system, options, tell));
  }
  const { plan, rounds } = options;
  const everywhere =
    `values of ${plan.value_bytes} B, ${plan.keys.toLocaleString('en')} keys, every write synced; clusters and load ` +
    `on one machine, the other clusters paused; each warmed up by ${WARM_UP.callers} callers for ` +
    `${2 * WARM_UP.seconds} s, then ${plan.seconds} s a case after ${plan.warm_seconds} s` +
    (rounds > 1 ? `, medians of ${rounds} rounds` : '') +
    (options.connections === undefined ? '; as many connections as were the fastest in a trial' : '');
  return {
    taken: new Date().toISOString(),
    took_minutes: (performance.now() - began_ms) / 60_000,
    machine,
    notes: [everywhere, ...systems.flatMap((system) => system.notes)],
    rows,
    watching,
    elections,
    big,
  };
}

const options = readOptions();
const report = await bench(options);
const directory = join(projectRoot, 'bench-results');
mkdirSync(directory, { recursive: true });
const name = join(directory, report.taken.replaceAll(':', '-').slice(0, 19));
writeFileSync(`${name}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
writeFileSync(`${name}.md`, asMarkdown(report));
if (options.write) writeIntoReadme(join(projectRoot, 'README.md'), asMarkdown(report));
process.stdout.write(`${asMarkdown(report)}\n${name}.json\n`);
