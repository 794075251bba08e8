/**
 * Where a value comes from: the flag, else QUORATE_… in the environment, else the file of --config-file (YAML, the
 * flags' names as keys), else the default. A bad one is refused with the flag's name, the value, and what would be
 * right.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { Kind } from './values.js';

/** The command line, the environment or the data directory is not usable: exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface Option<T> {
  /** What `--help` says. */
  readonly says: string;
  readonly kind: Kind<T>;
  readonly preset?: T;
}
export type Options = Readonly<Record<string, Option<unknown>>>;

/** By the flags' names; undefined where nothing is given and nothing preset. */
export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends { readonly kind: Kind<infer T> }
    ? O[Name] extends { readonly preset: unknown }
      ? T
      : T | undefined
    : never;
};

/** What was written where, as text. */
export interface Given {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const environmentName = (flag: string): string => `QUORATE_${flag.toUpperCase().replaceAll('-', '_')}`;

/**
 * The texts in force, by flag; those of the file only for what `options` knows. Unknown keys of the file are refused.
 */
export function collectTexts(options: Options, given: Given): ReadonlyMap<string, Sourced> {
  const fileName = given.flags['config-file'] ?? given.environment[environmentName('config-file')];
  const file = fileName === undefined ? new Map<string, string>() : readConfigFile(fileName, options);
  const texts = new Map<string, Sourced>();
  for (const flag of Object.keys(options)) {
    const variable = environmentName(flag);
    const candidates: readonly (readonly [string | undefined, string])[] = [
      [given.flags[flag], `--${flag}`],
      [given.environment[variable], `--${flag} (from ${variable})`],
      [file.get(flag), `--${flag} (from ${fileName})`],
    ];
    const found = candidates.find(([text]) => text !== undefined);
    if (found?.[0] !== undefined) texts.set(flag, { text: found[0], source: found[1] });
  }
  return texts;
}
interface Sourced {
  readonly text: string;
  readonly source: string;
}

/** Every option's value, or a ConfigError that names all that is wrong. */
export function resolveOptions<O extends Options>(options: O, given: Given): Values<O> {
  const texts = collectTexts(options, given);
  const values: Record<string, unknown> = {};
  const wrong: string[] = [];
  for (const [flag, { kind, preset }] of Object.entries(options)) {
    const found = texts.get(flag);
    values[flag] = found === undefined ? preset : kind.read(found.text);
    if (found === undefined || values[flag] !== undefined) continue;
    const value = kind.secret?.(found.text) === true ? 'the value given' : JSON.stringify(found.text);
    wrong.push(`${found.source}: ${value} is not what it takes: ${kind.takes}`);
  }
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  return values as Values<O>;
}

/** The value of a flag that must be given. */
export function required<T>(flag: string, value: T | undefined, kind: Kind<T>): T {
  if (value !== undefined) return value;
  throw new ConfigError(`--${flag} is missing: it takes ${kind.takes} (or set ${environmentName(flag)})`);
}

function readConfigFile(fileName: string, options: Options): ReadonlyMap<string, string> {
  const content = parseConfigFile(fileName);
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(content)) {
    if (!(key in options)) {
      throw new ConfigError(
        `${fileName}: unknown key ${JSON.stringify(key)}; known: ${Object.keys(options).join(', ')}`,
      );
    }
    const text = textOf(value);
    if (text === undefined) throw new ConfigError(`${fileName}: ${key}: takes one value, or a list of them`);
    found.set(key, text);
  }
  return found;
}

function parseConfigFile(fileName: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(fileName, 'utf8');
  } catch (error) {
    throw new ConfigError(`--config-file: ${JSON.stringify(fileName)} cannot be read: ${(error as Error).message}`);
  }
  const lineCounter = new LineCounter();
  // Every value is the text that stands there: a password 0123 is not the number 123.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, schema: 'failsafe' });
  const [error] = document.errors;
  if (error !== undefined) {
    // The parser's own words repeat what stands there, and that may be a secret.
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const where = `line ${line}, column ${col} is not YAML (${error.code})`;
    throw new ConfigError(`--config-file: ${JSON.stringify(fileName)} cannot be read: ${where}`);
  }
  const content: unknown = document.contents === null ? {} : toPlain(document, fileName);
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return content as Record<string, unknown>;
  }
  throw new ConfigError(`--config-file: ${fileName}: takes YAML of the form "flag: value"`);
}

function toPlain(document: { toJS(): unknown }, fileName: string): unknown {
  try {
    return document.toJS();
  } catch {
    throw new ConfigError(`--config-file: ${fileName}: a value begins with * and names nothing: put it in quotes`);
  }
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(String).join(',');
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  return undefined;
}
