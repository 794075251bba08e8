/** Programmer errors: what must not happen, stated where it would, and checked in production too. */

/** A broken invariant ends the node: what it believed about its own state was false. */
export class InvariantError extends Error {
  static override readonly name = 'InvariantError';
  override readonly name = 'InvariantError';
  constructor(
    sentence: string,
    readonly facts: unknown,
  ) {
    super(`${sentence}: does not hold, ${describe(facts)}`);
  }
}

/** Asserts `condition`; `sentence` says what is always true, `facts` is what a reader of the crash needs. */
export function invariant(condition: boolean, sentence: string, facts: unknown = {}): asserts condition {
  if (!condition) throw new InvariantError(sentence, facts);
}

/** For the default branch of an exhaustive switch. */
export function unreachable(value: never): never {
  throw new InvariantError('every case is handled', value);
}

function describe(facts: unknown): string {
  return JSON.stringify(facts, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16).padStart(16, '0') : value,
  );
}
