/** What a simulation says when something that must hold does not. */

export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
  constructor(
    /** The check that found it, in a few words. */
    readonly check: string,
    readonly facts: Record<string, unknown>,
  ) {
    super(`${check}: ${print(facts)}`);
  }
}

export function must(holds: boolean, check: string, facts: Record<string, unknown> = {}): asserts holds {
  if (!holds) throw new SimulationFailure(check, facts);
}

const print = (facts: unknown): string =>
  JSON.stringify(facts, (_key, value: unknown) => {
    if (typeof value === 'bigint') return `#${value}`;
    return value instanceof Uint8Array ? `${value.length} bytes` : value;
  });
