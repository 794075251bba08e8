/**
 * `npm run simulate -- --seeds N [--seed S] [--minutes M] [--level raft|cluster] [--trace]`: seeds by hand, one
 * line each. `--variants [--write]` hunts the broken variants and writes docs/broken-variants.md.
 */
import { parseArgs } from 'node:util';
import { huntAll } from './variants-table.js';
import { runCluster } from './cluster-run.js';
import { type Report, runRaft } from './raft-run.js';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string' },
    level: { type: 'string', default: 'cluster' },
    seconds: { type: 'string' },
    trace: { type: 'boolean', default: false },
    variants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

async function main(): Promise<number> {
  const first = Number(values.seed);
  const count = values.minutes === undefined ? Number(values.seeds) : Infinity;
  const until_ms = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
  const began_ms = performance.now();
  let simulated_ms = 0;
  let failed = 0;
  for (let seed = first; seed < first + count && performance.now() < until_ms; seed++) {
    const faulty_ms = values.seconds === undefined ? {} : { faulty_ms: Number(values.seconds) * 1000 };
    const tell = values.trace ? { tell: (line: string) => console.log(line) } : {};
    const run = values.level === 'raft' ? runRaft : runCluster;
    const report = await run(seed, { ...faulty_ms, ...tell });
    simulated_ms += report.simulated_ms;
    console.log(lineOf(report));
    if (report.failure === null) continue;
    failed++;
    console.log(
      `  ${report.failure.message}\n` +
        `  again: npm run simulate -- --seed ${seed} --level ${values.level} --seeds 1 --trace`,
    );
  }
  const real_ms = performance.now() - began_ms;
  const speed = simulated_ms / real_ms;
  console.log(
    `${(simulated_ms / 60_000).toFixed(1)} simulated minutes in ${(real_ms / 1000).toFixed(1)} s: ` +
      `${speed.toFixed(0)} simulated minutes a real minute; ${failed} failed`,
  );
  return failed === 0 ? 0 : 1;
}

function lineOf(report: Report): string {
  const counts = Object.entries(report.counts).map(([what, count]) => `${what} ${count}`);
  const seconds = (report.simulated_ms / 1000).toFixed(1);
  const verdict = report.failure === null ? 'ok' : 'FAILED';
  const faults = report.faults.join(' ');
  return `seed ${report.seed} ${verdict} ${seconds} s, ${report.steps} steps, ${counts.join(', ')}; ${faults}`;
}

process.exitCode = values.variants ? await huntAll(values.write, values.only) : await main();
