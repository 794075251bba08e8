/** One of the crew: a process that runs seed after seed, as it is told. */
import { type Pace, runCluster } from './cluster-run.js';
import { runRaft } from './raft-run.js';

export type Level = 'raft' | 'cluster';

export interface Errand {
  readonly seed: number;
  readonly level: Level;
  /** How long faults come, if not as long as usual. */
  readonly faulty_ms: number | null;
}

/** What came of a seed, as it travels between processes. */
export interface Told {
  readonly seed: number;
  readonly simulated_ms: number;
  readonly steps: number;
  readonly counts: Record<string, number>;
  readonly faults: readonly string[];
  readonly failure: string | null;
}

/** Every other seed is calm: about half of the real time goes to each, and most of the simulated time to the calm. */
const paceOf = (seed: number): Pace => (seed % 2 === 0 ? 'calm' : 'busy');

export async function goOn({ seed, level, faulty_ms }: Errand, tell?: (line: string) => void): Promise<Told> {
  const options = { ...(faulty_ms === null ? {} : { faulty_ms }), ...(tell === undefined ? {} : { tell }) };
  const report = level === 'raft' ? runRaft(seed, options) : runCluster(seed, { ...options, pace: paceOf(seed) });
  const { simulated_ms, steps, counts, faults, failure } = await report;
  return { seed, simulated_ms, steps, counts, faults, failure: failure === null ? null : failure.message };
}

if (process.send !== undefined) {
  // Ctrl-C goes to all processes of a terminal; the one that hands out the seeds ends the others.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', (errand) => void goOn(errand as Errand).then((told) => process.send?.(told)));
}
