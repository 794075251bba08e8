/** The kinds of flag that a command can have, with the values that Go's flag package takes. */
import { InvalidArgumentError, Option } from 'commander';
import { parseBool, parseDuration, parseInt64, ParseError, toCount } from './go-numbers.js';

export { InvalidArgumentError };

export const textFlag = (flag: string, preset: string, says: string): Option =>
  new Option(`${flag} <string>`, says).default(preset);

/** `--flag` alone is true; a value needs the equals sign. */
export const boolFlag = (flag: string, preset: boolean, says: string): Option =>
  valued(new Option(`${flag} [bool]`, says).preset('true').default(preset), parseBool);

export const countFlag = (flag: string, says: string): Option =>
  valued(new Option(`${flag} <int>`, says).default(0), (text) => toCount(parseInt64(text, 0)));

/** Its value is in milliseconds; `shown` is the default as Go writes it. */
export const durationFlag = (flag: string, shown: string, says: string): Option =>
  valued(new Option(`${flag} <duration>`, says).default(parseDuration(shown), shown), parseDuration);

function valued(option: Option, parse: (text: string) => unknown): Option {
  option.negate = false; // a name that begins with no- is a flag of its own, as in etcdctl
  return option.argParser((text: string) => {
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof ParseError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  });
}

/** In Go's words NoOptDefVal: the flag may stand without a value, and then takes none from the next argument. */
export const standsAlone = (option: Option): boolean => option.optional;
