/**
 * Reads a command line as cobra does (flags anywhere, `-wjson`, `--hex=false`, beginnings of command names) and says
 * the same thing in the one form that commander takes: command words, `--flag=value`, `--`, arguments.
 */
import type { Command, Option } from 'commander';
import { findSubcommand, pathOf, unknownCommandText } from './command-names.js';
import { badArguments, CommandFailure, exitCodes, UsageFailure } from './failure.js';
import { InvalidArgumentError, standsAlone } from './flags.js';
import { refusedFlags, refusedShorthands, variableOf } from './globals.js';
import { quoteText } from './go-quote.js';

export interface CommandLine {
  readonly command: Command;
  /** What the whole line comes to, for commander. */
  readonly canonical: readonly string[];
  readonly helpWanted: boolean;
  /** How many of the arguments stand before `--`; undefined when there is none. */
  readonly dashAt: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readCommandLine(program: Command, words: readonly string[], environment: Environment): CommandLine {
  const { command, rest } = findCommand(program, words);
  const flags: Found[] = [];
  const { others, dashAt } = readFlags(command, rest, flags);
  const given = new Set(flags.map(({ option }) => option?.long));
  const fromEnvironment = program.options.flatMap((option) => {
    const value = given.has(option.long) ? '' : (environment[variableOf(option.name())] ?? '');
    return value === '' ? [] : [{ option, value: checkVariable(option, value) }];
  });
  const settings = [...fromEnvironment, ...flags].flatMap(({ option, value }) =>
    option === undefined ? [] : [`--${option.name()}=${value}`],
  );
  const helpWanted = flags.some(({ option, value }) => option === undefined && value === 'true');
  return { command, canonical: [...pathOf(command), ...settings, '--', ...others], helpWanted, dashAt };
}

/* ---- which command ----------------------------------------------------------------------------------------------- */

function findCommand(program: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  let command = program;
  let rest = words;
  while (command.commands.length > 0) {
    const at = firstWord(command, rest);
    const word = rest[at];
    if (word === undefined) break;
    const next = findSubcommand(command, word);
    if (next === undefined && command === program) {
      throw new CommandFailure(
        exitCodes.error,
        `${unknownCommandText(program, word)}\nRun '${program.name()} --help' for usage.`,
      );
    }
    if (next === undefined) break;
    rest = [...rest.slice(0, at), ...rest.slice(at + 1)];
    command = next;
  }
  return { command, rest };
}

/** Where the first word stands that is neither a flag nor the value of one; -1 where there is none. */
function firstWord(command: Command, words: readonly string[]): number {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return -1;
    if (takesNext(command, word)) at++;
    else if (word !== '' && !word.startsWith('-')) return at;
  }
  return -1;
}

/** A flag that is not known yet counts as one with a value: it may belong to the command that follows. */
function takesNext(command: Command, word: string): boolean {
  const isLong = word.startsWith('--') && !word.includes('=');
  const isShort = /^-[^-]$/.test(word);
  if (!isLong && !isShort) return false;
  if (word === '--help' || word === '-h') return false;
  const option = optionsOf(command).find(({ long, short }) => word === long || word === short);
  return option === undefined || !standsAlone(option);
}

const optionsOf = (command: Command | null): readonly Option[] =>
  command === null ? [] : [...command.options, ...optionsOf(command.parent)];

/* ---- which flags ------------------------------------------------------------------------------------------------- */

/** Without an option it is --help. */
interface Found {
  readonly option: Option | undefined;
  readonly value: string;
}

/** Adds the flags to `found`, and answers the words that are none. */
function readFlags(
  command: Command,
  words: readonly string[],
  found: Found[],
): { readonly others: readonly string[]; readonly dashAt: number | undefined } {
  const others: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--') return { others: [...others, ...words.slice(at + 1)], dashAt: others.length };
    const next = words[at + 1];
    if (word.startsWith('--')) at += readLong(command, word, next, found);
    else if (word.startsWith('-') && word.length > 1) at += readShort(command, word, next, found);
    else others.push(word);
  }
  return { others, dashAt: undefined };
}

/** How many of the next words it took. */
function readLong(command: Command, word: string, next: string | undefined, found: Found[]): 0 | 1 {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? [];
  if (name === '' || name.startsWith('-')) throw usage(command, `bad flag syntax: ${word}`);
  if (name === 'help') return add(command, found, undefined, value ?? 'true', 0);
  const option = optionsOf(command).find(({ long }) => long === `--${name}`);
  if (option === undefined) throw refusal(name) ?? usage(command, `unknown flag: --${name}`);
  if (value !== undefined) return add(command, found, option, value, 0);
  if (standsAlone(option)) return add(command, found, option, 'true', 0);
  if (next === undefined) throw usage(command, `flag needs an argument: --${name}`);
  return add(command, found, option, next, 1);
}

/** `-h`, `-w json`, `-wjson`, `-w=json`, `-hi`. */
function readShort(command: Command, word: string, next: string | undefined, found: Found[]): 0 | 1 {
  for (let letters = word.slice(1); letters !== ''; letters = letters.slice(1)) {
    const letter = letters[0] ?? '';
    const option = optionsOf(command).find(({ short }) => short === `-${letter}`);
    if (option === undefined && letter !== 'h') {
      throw refusal(refusedShorthands.get(letter)) ?? usage(command, `unknown shorthand flag: '${letter}' in ${word}`);
    }
    const value = letters.slice(1);
    if (value.length > 1 && value.startsWith('=')) return add(command, found, option, value.slice(1), 0);
    if (option === undefined || standsAlone(option)) add(command, found, option, 'true', 0);
    else if (value !== '') return add(command, found, option, value, 0);
    else if (next === undefined) throw usage(command, `flag needs an argument: '${letter}' in ${word}`);
    else return add(command, found, option, next, 1);
  }
  return 0;
}

function add(command: Command, found: Found[], option: Option | undefined, value: string, taken: 0 | 1): 0 | 1 {
  const wrong = option === undefined ? undefined : whatIsWrong(option, value);
  if (option !== undefined && wrong !== undefined) {
    const name = option.short === undefined ? option.long : `${option.short}, ${option.long}`;
    throw usage(command, `invalid argument ${quoteText(value)} for "${name}" flag: ${wrong}`);
  }
  found.push({ option, value });
  return taken;
}

function checkVariable(option: Option, value: string): string {
  const wrong = whatIsWrong(option, value);
  if (wrong === undefined) return value;
  throw badArguments(`invalid value ${quoteText(value)} for ${variableOf(option.name())}: ${wrong}`);
}

function whatIsWrong(option: Option, value: string): string | undefined {
  try {
    option.parseArg?.(value, undefined);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error.message;
    throw error;
  }
}

const usage = (command: Command, message: string): UsageFailure => new UsageFailure(message, pathOf(command));

function refusal(name: string | undefined): CommandFailure | undefined {
  const instead = name === undefined ? undefined : refusedFlags.get(name);
  return instead === undefined ? undefined : badArguments(`--${name} has no meaning here: ${instead}`);
}
