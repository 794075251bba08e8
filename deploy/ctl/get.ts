/** `get`: a key or a range of keys. */
import type { Command } from 'commander';
import type { GetOptions, SortOrder, SortTarget } from '../../client/types.js';
import { fromText, NUL } from '../../machines/language/bytes.js';
import type { Operation } from './cluster.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag, countFlag, textFlag } from './flags.js';
import { quoteText } from './go-quote.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, ToBytes } from './session.js';

export interface GetFlags {
  readonly consistency: string;
  readonly order: string;
  readonly sortBy: string;
  readonly limit: number;
  readonly prefix: boolean;
  readonly fromKey: boolean;
  readonly rev: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly printValueOnly: boolean;
  readonly minCreateRev: number;
  readonly maxCreateRev: number;
  readonly minModRev: number;
  readonly maxModRev: number;
}

export const getCommand = (open: OpenSession, run: Run<GetFlags> = get): Command =>
  defineCommand('get', 'Gets the key or a range of keys', open, run)
    .usage('[options] <key> [range_end]')
    .addOption(textFlag('--consistency', 'l', 'Linearizable(l) or Serializable(s)'))
    .addOption(textFlag('--order', '', 'Order of results; ASCEND or DESCEND (ASCEND by default)'))
    .addOption(textFlag('--sort-by', '', 'Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION'))
    .addOption(countFlag('--limit', 'Maximum number of results'))
    .addOption(boolFlag('--prefix', false, 'Get keys with matching prefix'))
    .addOption(
      boolFlag('--from-key', false, 'Get keys that are greater than or equal to the given key using byte compare'),
    )
    .addOption(countFlag('--rev', 'Specify the kv revision'))
    .addOption(boolFlag('--keys-only', false, 'Get only the keys'))
    .addOption(boolFlag('--count-only', false, 'Get only the count'))
    .addOption(boolFlag('--print-value-only', false, 'Only write values when using the "simple" output format'))
    .addOption(countFlag('--min-create-rev', 'Minimum create revision'))
    .addOption(countFlag('--max-create-rev', 'Maximum create revision'))
    .addOption(countFlag('--min-mod-rev', 'Minimum modification revision'))
    .addOption(countFlag('--max-mod-rev', 'Maximum modification revision'));

const get: Run<GetFlags> = async (session, words, flags) => {
  const { key, options } = getOperation(words, flags, fromText);
  const format = session.format();
  const response = await (await session.cluster()).get(key, options);
  if (flags.countOnly && format !== 'fields') throw badArguments('--count-only is only for `--write-out=fields`');
  if (flags.printValueOnly && format !== 'simple') {
    throw badArguments('print-value-only is only for `--write-out=simple`');
  }
  (await session.printer({ valueOnly: flags.printValueOnly })).get(response);
};

const tooMany = 'too many arguments, only accept one argument when `--prefix` or `--from-key` is set';
export const tooManyWords = (): CommandFailure => badArguments(tooMany);
export const prefixAndFromKey = (): CommandFailure =>
  badArguments('`--prefix` and `--from-key` cannot be set at the same time, choose one');

type Get = Extract<Operation, { type: 'get' }>;

export function getOperation(words: readonly string[], flags: GetFlags, toBytes: ToBytes): Get {
  const [keyWord, endWord] = words;
  if (keyWord === undefined) {
    throw badArguments('get command needs one argument as key and an optional argument as range_end');
  }
  if (flags.prefix && flags.fromKey) throw prefixAndFromKey();
  if (flags.keysOnly && flags.countOnly) {
    throw badArguments('`--keys-only` and `--count-only` cannot be set at the same time, choose one');
  }
  const serializable = isSerializable(flags.consistency);
  if (endWord !== undefined && (flags.prefix || flags.fromKey)) throw tooManyWords();
  const range = rangeOf(toBytes(keyWord), flags);
  const options: GetOptions = {
    ...range.options,
    ...(endWord === undefined ? {} : { rangeEnd: toBytes(endWord) }),
    serializable,
    limit: flags.limit,
    revision: Math.max(flags.rev, 0),
    sortOrder: sortOrder(flags.order),
    sortTarget: sortTarget(flags.sortBy),
    keysOnly: flags.keysOnly,
    countOnly: flags.countOnly,
    ...bounds(flags),
  };
  return { type: 'get', key: range.key, options };
}

/** With --prefix or --from-key an empty key means every key. */
export function rangeOf(
  key: Uint8Array,
  { prefix, fromKey }: { readonly prefix: boolean; readonly fromKey: boolean },
): { readonly key: Uint8Array; readonly options: { readonly prefix?: boolean; readonly fromKey?: boolean } } {
  if (key.length === 0 && (prefix || fromKey)) return { key: NUL, options: { fromKey: true } };
  return { key, options: { ...(prefix ? { prefix } : {}), ...(fromKey ? { fromKey } : {}) } };
}

export function isSerializable(consistency: string): boolean {
  if (consistency === 's' || consistency === 'l') return consistency === 's';
  throw new CommandFailure(exitCodes.badFeature, `unknown consistency flag ${quoteText(consistency)}`);
}

const orders: Readonly<Record<string, SortOrder>> = { '': 'none', ASCEND: 'ascend', DESCEND: 'descend' };

function sortOrder(text: string): SortOrder {
  const order = orders[text.toUpperCase()];
  if (order === undefined) throw new CommandFailure(exitCodes.badFeature, `bad sort order ${text}`);
  return order;
}

const targets: Readonly<Record<string, SortTarget>> = {
  '': 'key',
  CREATE: 'create',
  KEY: 'key',
  MODIFY: 'mod',
  VALUE: 'value',
  VERSION: 'version',
};

function sortTarget(text: string): SortTarget {
  const target = targets[text.toUpperCase()];
  if (target === undefined) throw new CommandFailure(exitCodes.badFeature, `bad sort target ${text}`);
  return target;
}

function bounds(flags: GetFlags): GetOptions {
  const { minCreateRev, maxCreateRev, minModRev, maxModRev } = flags;
  const check = (name: string, min: number, max: number): void => {
    if (max > 0 && min > max) {
      throw new CommandFailure(exitCodes.badFeature, `getMin${name}Rev(=${min}) > getMax${name}Rev(=${max})`);
    }
  };
  check('Create', minCreateRev, maxCreateRev);
  check('Mod', minModRev, maxModRev);
  return {
    minCreateRevision: Math.max(minCreateRev, 0),
    maxCreateRevision: Math.max(maxCreateRev, 0),
    minModRevision: Math.max(minModRev, 0),
    maxModRevision: Math.max(maxModRev, 0),
  };
}
