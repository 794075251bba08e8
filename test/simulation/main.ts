/**
 * `npm run simulate -- [--hours H | --minutes M | --seeds N] [--from S] [--level raft|cluster] [--seconds F]
 * [--processes P]`: fresh seeds on all cores until H simulated hours, M real minutes or N seeds are done. `--trace`
 * runs one seed and tells all. `--variants [--write]` hunts the broken variants and writes docs/broken-variants.md.
 */
import { parseArgs } from 'node:util';
import { type Figures, runCrew } from './crew.js';
import { goOn, type Level, type Told } from './crew-member.js';
import { huntAll } from './variants-table.js';

const { values } = parseArgs({
  options: {
    hours: { type: 'string' },
    minutes: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    level: { type: 'string', default: 'cluster' },
    seconds: { type: 'string' },
    processes: { type: 'string' },
    trace: { type: 'boolean', default: false },
    variants: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    write: { type: 'boolean', default: false },
  },
});

/** A longer run tells how it stands from time to time, and names only the seeds that failed. */
const seeds_named_max = 100;
const progress_ms = 15_000;

function numberOf(flag: 'hours' | 'minutes' | 'seeds' | 'from' | 'seconds' | 'processes'): number | null {
  const value = values[flag];
  if (value === undefined) return null;
  const number = Number(value);
  if (number > 0) return number;
  process.stderr.write(`--${flag} takes a number above 0, not '${value}'\n`);
  process.exit(2);
}

const level = values.level as Level;
if (level !== 'raft' && level !== 'cluster') {
  process.stderr.write(`--level is raft or cluster, not '${values.level}'\n`);
  process.exit(2);
}
const [hours, minutes, from] = [numberOf('hours'), numberOf('minutes'), numberOf('from') ?? 1];
const seeds = numberOf('seeds') ?? (hours === null && minutes === null ? 20 : Infinity);
const seconds = numberOf('seconds');
const faulty_ms = seconds === null ? null : seconds * 1000;

async function traceOne(): Promise<number> {
  const told = await goOn({ seed: from, level, faulty_ms }, (line) => console.log(line));
  console.log(lineOf(told));
  if (told.failure !== null) console.log(`  ${told.failure}`);
  return told.failure === null ? 0 : 1;
}

async function runAll(): Promise<number> {
  let told_ms = 0;
  const orders = {
    level,
    from,
    faulty_ms,
    seeds,
    processes: numberOf('processes'),
    simulated_ms: hours === null ? Infinity : hours * 3_600_000,
    real_ms: minutes === null ? Infinity : minutes * 60_000,
  };
  const figures = await runCrew(orders, (told, soFar) => {
    if (seeds <= seeds_named_max || told.failure !== null) console.log(lineOf(told));
    if (told.failure !== null) console.log(`  ${told.failure}\n  again: ${commandFor(told.seed)}`);
    if (seeds <= seeds_named_max || soFar.real_ms - told_ms < progress_ms) return;
    told_ms = soFar.real_ms;
    console.log(sumOf(soFar));
  });
  return conclude(figures);
}

function conclude(figures: Figures): number {
  const counts = Object.entries(figures.counts).map(([what, count]) => `${what} ${count}`);
  console.log(`${figures.interrupted ? 'interrupted: ' : ''}${sumOf(figures)}`);
  console.log(`  ${counts.join(', ')}`);
  for (const { seed, why } of figures.failed) console.log(`failed: ${commandFor(seed)}\n  ${why}`);
  const progress = level === 'raft' ? figures.counts['committed'] : figures.counts['answered'];
  if ((progress ?? 0) === 0) console.log('nothing happened in this run: it proves nothing');
  return figures.failed.length === 0 && !figures.interrupted && (progress ?? 0) > 0 ? 0 : 1;
}

function sumOf({ seeds: done, simulated_ms, real_ms, failed }: Figures): string {
  const simulated = `${(simulated_ms / 3_600_000).toFixed(2)} simulated hours`;
  const ratio = `${(simulated_ms / real_ms).toFixed(1)} × real time`;
  return `${done} seeds, ${simulated} in ${(real_ms / 1000).toFixed(0)} s: ${ratio}; ${failed.length} failed`;
}

const commandFor = (seed: number): string =>
  `npm run simulate -- --from ${seed} --level ${level}${seconds === null ? '' : ` --seconds ${seconds}`} --trace`;

function lineOf(told: Told): string {
  const counts = Object.entries(told.counts).map(([what, count]) => `${what} ${count}`);
  const verdict = told.failure === null ? 'ok' : 'FAILED';
  const simulated = (told.simulated_ms / 1000).toFixed(1);
  const faults = told.faults.join(' ');
  return `seed ${told.seed} ${verdict} ${simulated} s, ${told.steps} steps, ${counts.join(', ')}; ${faults}`;
}

if (values.variants) process.exitCode = await huntAll(values.write, values.only);
else process.exitCode = await (values.trace ? traceOne() : runAll());
