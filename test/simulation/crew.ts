/** Runs seeds on all cores: one process each, seeds handed out one by one, the figures gathered here. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Errand, Level, Told } from './crew-member.js';

export interface Orders {
  readonly level: Level;
  readonly from: number;
  readonly faulty_ms: number | null;
  readonly processes: number | null;
  /** No seed begins once one of these is reached. */
  readonly seeds: number;
  readonly simulated_ms: number;
  readonly real_ms: number;
}

export interface Figures {
  seeds: number;
  simulated_ms: number;
  real_ms: number;
  readonly counts: Record<string, number>;
  readonly failed: { readonly seed: number; readonly why: string }[];
  interrupted: boolean;
}

/** Room for what a step leaves behind: with Node's usual new space a tenth of the time goes into collecting it. */
const execArgv = ['--max-semi-space-size=32'];

/** `heard` is told of each seed that has come to its end, with the figures so far. */
export function runCrew(orders: Orders, heard: (told: Told, figures: Figures) => void): Promise<Figures> {
  const began_ms = performance.now();
  const figures: Figures = { seeds: 0, simulated_ms: 0, real_ms: 0, counts: {}, failed: [], interrupted: false };
  const crew = new Map<ChildProcess, number | null>();
  let next = orders.from;

  const enough = (): boolean =>
    figures.interrupted ||
    next >= orders.from + orders.seeds ||
    figures.simulated_ms >= orders.simulated_ms ||
    performance.now() - began_ms >= orders.real_ms;

  return new Promise((resolve) => {
    const end = (): void => {
      figures.real_ms = performance.now() - began_ms;
      process.off('SIGINT', interrupt);
      resolve(figures);
    };
    const interrupt = (): void => {
      figures.interrupted = true;
      for (const member of crew.keys()) member.kill();
    };
    const sendOn = (member: ChildProcess): void => {
      if (enough()) return void member.disconnect();
      const errand: Errand = { seed: next++, level: orders.level, faulty_ms: orders.faulty_ms };
      crew.set(member, errand.seed);
      member.send(errand);
    };
    const hire = (): void => {
      const member = fork(fileURLToPath(new URL('./crew-member.js', import.meta.url)), { execArgv });
      crew.set(member, null);
      member.on('message', (message) => {
        const told = message as Told;
        crew.set(member, null);
        figures.real_ms = performance.now() - began_ms;
        add(figures, told);
        heard(told, figures);
        if (member.connected) sendOn(member);
      });
      member.on('exit', (code, signal) => {
        const seed = crew.get(member) ?? null;
        crew.delete(member);
        if (seed !== null && !figures.interrupted) {
          figures.failed.push({ seed, why: `its process ended with ${code ?? signal ?? 'no word'}` });
          if (!enough()) hire();
        }
        if (crew.size === 0) end();
      });
      sendOn(member);
    };
    process.on('SIGINT', interrupt);
    for (let i = 0; i < (orders.processes ?? availableParallelism()); i++) hire();
  });
}

function add(figures: Figures, { seed, simulated_ms, counts, failure }: Told): void {
  figures.seeds++;
  figures.simulated_ms += simulated_ms;
  for (const [what, count] of Object.entries(counts)) figures.counts[what] = (figures.counts[what] ?? 0) + count;
  if (failure !== null) figures.failed.push({ seed, why: failure });
}
