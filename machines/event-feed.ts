/** The event feed's arithmetic: a key as tokens of a NATS subject, and the running numbers of its prefixes. */
import { limits } from './language/limits.js';

/** Neither can come of a key: a percent sign that stands in one is written %25. */
const EMPTY_TOKEN = '%';
/** In place of what of a key is too long for a subject. */
const LONG_TOKEN = '%long';

const SLASH = 0x2f;

/* ---- tokens ---------------------------------------------------------------------------------------------------- */

/** What each byte is written as: A-Z a-z 0-9 - _ ~ as themselves, all others as % and two hex digits. */
const written: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

const tokenOf = (bytes: Uint8Array): string =>
  bytes.length === 0 ? EMPTY_TOKEN : Array.from(bytes, (byte) => written[byte]).join('');

/** The key, split at each slash. From the first token on that is too much for a subject, all is one fixed token. */
export function tokensOf(key: Uint8Array): readonly string[] {
  const tokens: string[] = [];
  // Each token takes the dot behind it along, which the last one does not need.
  let room = limits.event_feed_subject_bytes_max + 1;
  for (let from = 0; from <= key.length;) {
    const found = key.indexOf(SLASH, from);
    const to = found < 0 ? key.length : found;
    const token = to - from >= room ? '' : tokenOf(key.subarray(from, to));
    room -= token.length + 1;
    if (token === '' || room < 0) return [...tokens, LONG_TOKEN];
    tokens.push(token);
    from = to + 1;
  }
  return tokens;
}

/* ---- numbers --------------------------------------------------------------------------------------------------- */

/**
 * How many events each prefix has had in this term, of the prefixes that had one lately: two generations, of which the
 * older is forgotten when the younger is full.
 */
export interface Numbers {
  young: Map<string, number>;
  old: Map<string, number>;
  /** The highest number that was forgotten: a prefix that comes up again goes on above it, which shows as a gap. */
  floor: number;
  readonly generation_max: number;
}

export const newNumbers = (prefixes_max: number = limits.event_feed_prefixes_max): Numbers => ({
  young: new Map(),
  old: new Map(),
  floor: 0,
  generation_max: Math.floor(prefixes_max / 2),
});

/**
 * The next number of each ancestor of a subject, from the one of all events down to the one right above it; of so many
 * levels at most. A prefix's number grows with each of its events, and by one unless the prefix was forgotten.
 */
export function numberEvent(numbers: Numbers, tokens: readonly string[]): readonly number[] {
  const given: number[] = [];
  let prefix = '';
  for (const token of tokens.slice(0, limits.event_feed_levels_max)) {
    given.push(nextOf(numbers, prefix));
    prefix = prefix === '' ? token : `${prefix}.${token}`;
  }
  return given;
}

function nextOf(numbers: Numbers, prefix: string): number {
  const { young, old, floor } = numbers;
  const next = (young.get(prefix) ?? old.get(prefix) ?? floor) + 1;
  young.set(prefix, next);
  if (young.size > numbers.generation_max) forget(numbers);
  return next;
}

function forget(numbers: Numbers): void {
  for (const number of numbers.old.values()) numbers.floor = Math.max(numbers.floor, number);
  numbers.old = numbers.young;
  numbers.young = new Map();
}
