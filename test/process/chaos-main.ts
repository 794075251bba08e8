/**
 * A chaos run by hand: `node dist/test/process/chaos-main.js --seconds 300 --seed 7 [--only "kill NATS,pause one"]
 * [--logs PREFIX] [--history FILE]`; what FILE holds is told in chaos-history.ts, and porcupine/ judges it.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runChaos } from './chaos.js';
import { historyLines } from './chaos-history.js';
import { troubles } from './chaos-nemesis.js';
import type { Trouble } from './chaos-nemesis.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    only: { type: 'string' },
    logs: { type: 'string' },
    history: { type: 'string' },
  },
});
const seed = Number(values.seed ?? 1);
const kinds = (values.only?.split(',') ?? Object.keys(troubles)) as Trouble[];
const unknown = kinds.filter((kind) => !(kind in troubles));
if (unknown.length > 0) {
  process.stderr.write(`--only: no trouble called ${unknown.join(', ')}; known: ${Object.keys(troubles).join(', ')}\n`);
  process.exit(2);
}

const began_ms = performance.now();
const say = (line: string) => {
  process.stdout.write(`${((performance.now() - began_ms) / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);
};
const report = await runChaos({ seed, seconds: Number(values.seconds ?? 60), kinds, say });
for (const [error, count] of report.errors) say(`${count} calls ended with ${error}`);
for (const line of report.wrong) say(`WRONG: ${line}`);
if (values.logs !== undefined) {
  for (const [name, output] of report.output) writeFileSync(`${values.logs}.${name}.log`, output);
}
if (values.history !== undefined) writeFileSync(values.history, historyLines(report.history));
const verdict = report.wrong.length === 0 ? 'all is well' : `${report.wrong.length} things are wrong`;
say(`seed ${seed}: ${report.calls} calls, ${report.unanswered} without an answer: ${verdict}`);
process.exit(report.wrong.length === 0 ? 0 : 1);
