/** `del`: removes a key or a range of keys. */
import type { Command } from 'commander';
import { fromText } from '../../machines/language/bytes.js';
import { pause } from '../clock.js';
import type { Operation } from './cluster.js';
import { badArguments } from './failure.js';
import { boolFlag } from './flags.js';
import { prefixAndFromKey, rangeOf, tooManyWords } from './get.js';
import { quote } from './go-quote.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, ToBytes } from './session.js';
import type { Terminal } from './terminal.js';

export interface DelFlags {
  readonly prefix: boolean;
  readonly prevKv: boolean;
  readonly fromKey: boolean;
  readonly range: boolean;
}

export const delCommand = (open: OpenSession, run: Run<DelFlags> = del): Command =>
  defineCommand('del', 'Removes the specified key or range of keys [key, range_end)', open, run)
    .usage('[options] <key> [range_end]')
    .addOption(boolFlag('--prefix', false, 'delete keys with matching prefix'))
    .addOption(boolFlag('--prev-kv', false, 'return deleted key-value pairs'))
    .addOption(
      boolFlag('--from-key', false, 'delete keys that are greater than or equal to the given key using byte compare'),
    )
    .addOption(boolFlag('--range', false, 'delete range of keys'));

const del: Run<DelFlags> = async (session, words, flags) => {
  const { key, options } = delOperation(words, flags, fromText);
  await warnOfRange(session.terminal, words, flags, fromText);
  session.format();
  const response = await (await session.cluster()).delete(key, options);
  (await session.printer()).delete(response);
};

const secondThoughts_ms = 2_000;

/** A second argument may be meant as a second key: whoever does not say --range gets time to think. */
export async function warnOfRange(
  terminal: Terminal,
  words: readonly string[],
  flags: DelFlags,
  toBytes: ToBytes,
): Promise<void> {
  const [from, to] = words;
  if (from === undefined || to === undefined || flags.range) return;
  terminal.complain(
    `Warning: Keys between ${quote(toBytes(from))} and ${quote(toBytes(to))} will be deleted. ` +
      'Please interrupt the command within next 2 seconds to cancel. ' +
      'You can provide `--range` flag to avoid the delay.\n',
  );
  await pause(secondThoughts_ms);
}

type Delete = Extract<Operation, { type: 'delete' }>;

export function delOperation(words: readonly string[], flags: DelFlags, toBytes: ToBytes): Delete {
  const [keyWord, endWord] = words;
  if (keyWord === undefined || words.length > 2) {
    throw badArguments('del command needs one argument as key and an optional argument as range_end');
  }
  if (flags.prefix && flags.fromKey) throw prefixAndFromKey();
  if (endWord !== undefined && (flags.prefix || flags.fromKey)) throw tooManyWords();
  const { key, options } = rangeOf(toBytes(keyWord), flags);
  const end = endWord === undefined ? {} : { rangeEnd: toBytes(endWord) };
  return { type: 'delete', key, options: { ...options, ...end, prevKv: flags.prevKv } };
}
