/**
 * Reading decoded values without trusting them: each reader returns what it names or throws a DecodeError saying what
 * is wrong.
 */

/** Bytes that are not what this build writes. */
export class DecodeError extends Error {
  override readonly name: string = 'DecodeError';
}

/** A format newer than this build: never skipped, never guessed at. */
export class UnknownVersionError extends DecodeError {
  override readonly name: string = 'UnknownVersionError';
  constructor(
    what: string,
    readonly version: number,
    known: number,
  ) {
    super(`${what}: version ${version} is not known to this build, which knows ${known}; a newer build wrote it`);
  }
}

export type Row = readonly unknown[];

/** An array of exactly `length` values. */
export function row(value: unknown, length: number, what: string): Row {
  const values = list(value, what);
  if (values.length !== length) throw new DecodeError(`${what}: expected ${length} values, got ${values.length}`);
  return values;
}

export function list(value: unknown, what: string): Row {
  if (Array.isArray(value)) return value as Row;
  return refuse(what, 'an array', value);
}

/** Bytes are bytes: text is refused, however much it looks like them. */
export function bytes(value: unknown, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  return refuse(what, 'bytes', value);
}

export function text(value: unknown, what: string): string {
  if (typeof value === 'string') return value;
  return refuse(what, 'text', value);
}

export function flag(value: unknown, what: string): boolean {
  if (typeof value === 'boolean') return value;
  return refuse(what, 'true or false', value);
}

/** A whole number of at most 53 bits. Above 2^32 it travels as 64 bits and arrives as a bigint. */
export function integer(value: unknown, what: string): number {
  const number = typeof value === 'bigint' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number;
  return refuse(what, 'a whole number below 2^53', value);
}

/** An integer that is not negative: an index, a term, a revision, a count. */
export function count(value: unknown, what: string): number {
  const number = integer(value, what);
  if (number >= 0) return number;
  return refuse(what, 'a number that is not negative', value);
}

/** An unsigned id of 64 bits, never 0. */
export function id64(value: unknown, what: string): bigint {
  if (typeof value === 'bigint' && value > 0n && value < 1n << 64n) return value;
  return refuse(what, 'an id of 64 bits', value);
}

/** A signed number of 64 bits. */
export function signed64(value: unknown, what: string): bigint {
  if (typeof value === 'bigint' && value === BigInt.asIntN(64, value)) return value;
  return refuse(what, 'a signed number of 64 bits', value);
}

/** The word at that place of a table; words travel as their places, so a table only ever grows at its end. */
export function word<Word extends string>(table: readonly Word[], value: unknown, what: string): Word {
  const found = typeof value === 'number' ? table[value] : undefined;
  if (found !== undefined) return found;
  return refuse(what, `a number that stands for one of ${table.join(', ')}`, value);
}

export function refuse(what: string, expected: string, value: unknown): never {
  throw new DecodeError(`${what}: expected ${expected}, got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null) return 'nil';
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return `a value of type ${typeof value}`;
}
