/** The kinds of value that flags take: how one is read, and the sentence that says so when it cannot be. */

import { isAddress } from '../transport/addresses.js';

/** `takes` completes "--flag takes …"; `read` answers undefined for what it does not take. */
export interface Kind<T> {
  readonly takes: string;
  /** Never shown, neither in errors nor in a printed command. */
  readonly secret?: (text: string) => boolean;
  /** What its flag means where it is given without a value. */
  readonly alone?: string;
  readonly read: (text: string) => T | undefined;
}

export const anyText: Kind<string> = {
  takes: 'a text that is not empty',
  read: (text) => (text === '' ? undefined : text),
};

export const secretText: Kind<string> = { ...anyText, secret: () => true };

export const path: Kind<string> = { takes: 'a path', read: anyText.read };

/** One token of a NATS subject, so that it can stand in one. */
export const token = (longest: number): Kind<string> => ({
  takes: `1 to ${longest} of the characters A-Z a-z 0-9 _ -`,
  read: (text) => (new RegExp(`^[A-Za-z0-9_-]{1,${longest}}$`).test(text) ? text : undefined),
});

export const wholeNumber = (from: number, to: number, unit = ''): Kind<number> => ({
  takes: `a whole number from ${from} to ${to}${unit === '' ? '' : ` (${unit})`}`,
  read: (text) => {
    const number = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    return number >= from && number <= to ? number : undefined;
  },
});

export const yesOrNo: Kind<boolean> = {
  takes: 'true or false (true where nothing is said)',
  alone: 'true',
  read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined),
};

export const oneOf = <T extends string>(...words: readonly T[]): Kind<T> => ({
  takes: `one of ${words.join(', ')}`,
  read: (text) => words.find((word) => word === text),
});

/** Different items, separated by commas. */
export const listOf = (item: Kind<string>, longest: number): Kind<readonly string[]> => ({
  takes: `1 to ${longest} different items separated by commas, each ${item.takes}`,
  ...(item.secret === undefined ? {} : { secret: item.secret }),
  read: (text) => {
    const items = text.split(',').map((each) => each.trim());
    const read = items.map((each) => item.read(each)).filter((each) => each !== undefined);
    const distinct = new Set(read).size;
    return distinct === items.length && distinct <= longest ? read : undefined;
  },
});

/** A server to dial; without a scheme it is nats://. */
export const serverUrl: Kind<string> = {
  takes: 'a NATS address such as nats://127.0.0.1:4222',
  // Between the scheme and an @ stand credentials, also where the rest is wrong.
  secret: (text) => text.includes('@'),
  read: (text) => (isAddress(text) ? (text.includes('://') ? text : `nats://${text}`) : undefined),
};

/** Where to listen for HTTP. */
export const listenUrl: Kind<string> = {
  takes: 'a URL such as http://127.0.0.1:2381',
  read: (text) => {
    if (!/^http:\/\/[^/?#@]+\/?$/.test(text) || !URL.canParse(text)) return undefined;
    return new URL(text).port === '0' ? undefined : text.replace(/\/$/, '');
  },
};

/** A page to show in a frame. */
export const pageUrl: Kind<string> = {
  takes: 'the URL of its page (https://stately.ai/inspect where nothing is said)',
  alone: 'https://stately.ai/inspect',
  read: (text) => (/^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined),
};

/** A stretch of time, above 0, in milliseconds. */
export const duration: Kind<number> = {
  takes: 'a duration above 0 such as 500ms, 2s or 1m',
  read: (text) => readDuration_ms(text) || undefined,
};

const unit_ms = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** Go's notation: 90s, 1h30m, 1.5h; the answer is in milliseconds. */
export function readDuration_ms(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * unit_ms[unit as keyof typeof unit_ms];
  }
  return sum;
}
