/** One of the crew: a process that runs seed after seed, as it is told. */
import { runCluster } from './cluster-run.js';
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

export async function goOn({ seed, level, faulty_ms }: Errand, tell?: (line: string) => void): Promise<Told> {
  const options = { ...(faulty_ms === null ? {} : { faulty_ms }), ...(tell === undefined ? {} : { tell }) };
  const run = level === 'raft' ? runRaft : runCluster;
  const { simulated_ms, steps, counts, faults, failure } = await run(seed, options);
  return { seed, simulated_ms, steps, counts, faults, failure: failure === null ? null : failure.message };
}

if (process.send !== undefined) {
  // Ctrl-C goes to all processes of a terminal; the one that hands out the seeds ends the others.
  process.on('SIGINT', () => undefined);
  process.on('disconnect', () => process.exit());
  process.on('message', (errand) => void goOn(errand as Errand).then((told) => process.send?.(told)));
}
