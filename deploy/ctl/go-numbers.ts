/** Numbers, truth values and durations as Go's flag package reads and prints them, its error texts included. */
import { quoteText } from './go-quote.js';

/** What was wrong with a value, in Go's words. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
}

const int64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;

const syntaxError = (verb: string, text: string): ParseError =>
  new ParseError(`strconv.${verb}: parsing ${quoteText(text)}: invalid syntax`);

const wellFormed = { 0: /^([0-9]+|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/i, 10: /^[0-9]+$/, 16: /^0x[0-9a-f]+$/i } as const;

/** A signed 64-bit number; base 0 takes the base from a 0x, 0o or 0b in front, and allows `_` between digits. */
export function parseInt64(text: string, base: 0 | 10 | 16): bigint {
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  const digits = base === 0 ? withBase(unsigned) : base === 16 ? `0x${unsigned}` : unsigned;
  if (!wellFormed[base].test(digits)) throw syntaxError('ParseInt', text);
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  if (value < int64.min || value > int64.max) {
    throw new ParseError(`strconv.ParseInt: parsing ${quoteText(text)}: value out of range`);
  }
  return value;
}

/** Go reads a leading 0 as octal. */
function withBase(unsigned: string): string {
  const plain = /^(0[xob])?_?[0-9a-f]+(_[0-9a-f]+)*$/i.test(unsigned) ? unsigned.replaceAll('_', '') : unsigned;
  return /^0[0-9]+$/.test(plain) ? `0o${plain.slice(1)}` : plain;
}

/** Revisions and counts: beyond what a number holds exactly, the largest one that is (no store gets there). */
export function toCount(value: bigint): number {
  const largest = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > largest ? largest : value < -largest ? -largest : value);
}

export function parseBool(text: string): boolean {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false;
  throw syntaxError('ParseBool', text);
}

const unitsNs: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** `1h2m3.5s`, in milliseconds. */
export function parseDuration(text: string): number {
  const invalid = (): ParseError => new ParseError(`time: invalid duration ${quoteText(text)}`);
  const [, sign = '', unsigned = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (unsigned === '0') return 0;
  if (unsigned === '') throw invalid();
  let rest = unsigned;
  let nanoseconds = 0;
  while (rest !== '') {
    const [all, number = '', unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
    if (all === undefined) throw invalid();
    if (unit === '') throw new ParseError(`time: missing unit in duration ${quoteText(text)}`);
    const scale = unitsNs[unit];
    if (scale === undefined) {
      throw new ParseError(`time: unknown unit ${quoteText(unit)} in duration ${quoteText(text)}`);
    }
    nanoseconds += Number(number) * scale;
    rest = rest.slice(all.length);
  }
  return (sign === '-' ? -nanoseconds : nanoseconds) / 1e6;
}

/** A duration as Go prints it: `1.5ms`, `2m0s`. */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6);
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const hours = Math.floor(nanoseconds / 3600e9);
  const minutes = Math.floor(nanoseconds / 60e9) % 60;
  const seconds = (nanoseconds % 60e9) / 1e9;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
