/** Which keys a watch is for, and what is run at each event: from its words, and from two variables. */
import { badArguments } from './failure.js';
import { quoteText } from './go-quote.js';
import { variableOf } from './globals.js';

export interface WatchWords {
  readonly key: string;
  readonly rangeEnd: string | undefined;
  /** The program and its arguments; empty when nothing is to be run. */
  readonly program: readonly string[];
}

export interface WatchTarget {
  /** Empty: none. */
  readonly key: string;
  readonly rangeEnd: string;
}

const variables = { key: variableOf('watch-key'), rangeEnd: variableOf('watch-range-end') };

export function targetOf(environment: Readonly<Record<string, string | undefined>>): WatchTarget {
  const [key, rangeEnd] = [environment[variables.key] ?? '', environment[variables.rangeEnd] ?? ''];
  if (key === '' && rangeEnd !== '') {
    throw badArguments(`${variables.key} is empty but got ${variables.rangeEnd}=${quoteText(rangeEnd)}`);
  }
  return { key, rangeEnd };
}

/** `dashAt` is how many words stand before `--`; undefined when there is none. */
export function watchWords(words: readonly string[], dashAt: number | undefined, target: WatchTarget): WatchWords {
  const given = words.slice(0, dashAt);
  const program = dashAt === undefined ? [] : words.slice(dashAt);
  if (dashAt !== undefined && program.length === 0) {
    throw badArguments('bad number of arguments (found separator --, but no commands)');
  }
  if (given.length > 0 && target.key !== '') {
    throw badArguments('bad number of arguments (found conflicting environment key)');
  }
  const named = target.key === '' ? given : [target.key, ...(target.rangeEnd === '' ? [] : [target.rangeEnd])];
  const [key, rangeEnd] = named;
  if (key === undefined) throw badArguments('bad number of arguments');
  // As in etcdctl: with more than two words the end is none.
  return { key, rangeEnd: named.length === 2 ? rangeEnd : undefined, program };
}
