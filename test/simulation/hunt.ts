/** Runs a variant seed by seed until something that must hold does not. */
import { runRaft } from './raft-run.js';
import type { Variant } from './variants.js';

export interface Catch {
  readonly variant: Variant;
  /** Null: nothing caught it. */
  readonly caught: { readonly seed: number; readonly check: string; readonly message: string } | null;
  readonly seeds: number;
  readonly real_ms: number;
}

const faulty_ms = 8_000;

export async function hunt(variant: Variant): Promise<Catch> {
  const began_ms = performance.now();
  for (let seed = 1; seed <= variant.seeds; seed++) {
    const kinds = variant.kinds === undefined ? {} : { kinds: variant.kinds };
    const { failure } = await runRaft(seed, { faulty_ms, twist: variant.twist, ...kinds });
    const real_ms = performance.now() - began_ms;
    if (failure === null) continue;
    return { variant, caught: { seed, check: failure.check, message: failure.message }, seeds: seed, real_ms };
  }
  return { variant, caught: null, seeds: variant.seeds, real_ms: performance.now() - began_ms };
}
