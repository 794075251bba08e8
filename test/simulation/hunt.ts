/** Runs a variant seed by seed until something that must hold does not. */
import type { Variant } from './all-variants.js';
import { runCluster } from './cluster-run.js';
import type { SimulationFailure } from './failure.js';
import { runRaft } from './raft-run.js';

export interface Catch {
  readonly variant: Variant;
  /** Null: nothing caught it. */
  readonly caught: SimulationFailure | null;
  readonly seeds: number;
}

const faulty_ms = 8_000;

async function run(seed: number, variant: Variant): Promise<SimulationFailure | null> {
  if (variant.level === 'client') return variant.play();
  if (variant.play !== undefined) return variant.play(seed, variant.twist as never);
  const kinds = variant.kinds === undefined ? {} : { kinds: variant.kinds };
  if (variant.level === 'raft') return (await runRaft(seed, { faulty_ms, twist: variant.twist, ...kinds })).failure;
  const clients = variant.clients === undefined ? {} : { clients: variant.clients };
  const sessions = variant.sessions ?? 0;
  return (await runCluster(seed, { faulty_ms, twist: variant.twist, sessions, ...kinds, ...clients })).failure;
}

export async function hunt(variant: Variant): Promise<Catch> {
  for (let seed = 1; seed <= variant.seeds; seed++) {
    const caught = await run(seed, variant);
    if (caught !== null) return { variant, caught, seeds: seed };
  }
  return { variant, caught: null, seeds: variant.seeds };
}
