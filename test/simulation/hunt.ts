/** Runs a variant seed by seed until something that must hold does not. */
import { runCluster } from './cluster-run.js';
import type { ClusterVariant } from './cluster-variants.js';
import type { SimulationFailure } from './failure.js';
import { runRaft } from './raft-run.js';
import type { RaftVariant } from './variants.js';

export type Variant = RaftVariant | ClusterVariant;

export interface Catch {
  readonly variant: Variant;
  /** Null: nothing caught it. */
  readonly caught: SimulationFailure | null;
  readonly seeds: number;
}

const faulty_ms = 8_000;

async function run(seed: number, variant: Variant): Promise<SimulationFailure | null> {
  const kinds = variant.kinds === undefined ? {} : { kinds: variant.kinds };
  if (variant.level === 'raft' && variant.play !== undefined) return variant.play(seed, variant.twist);
  if (variant.level === 'raft') return (await runRaft(seed, { faulty_ms, twist: variant.twist, ...kinds })).failure;
  const clients = variant.clients === undefined ? {} : { clients: variant.clients };
  return (await runCluster(seed, { faulty_ms, twist: variant.twist, ...kinds, ...clients })).failure;
}

export async function hunt(variant: Variant): Promise<Catch> {
  for (let seed = 1; seed <= variant.seeds; seed++) {
    const caught = await run(seed, variant);
    if (caught !== null) return { variant, caught, seeds: seed };
  }
  return { variant, caught: null, seeds: variant.seeds };
}
