/** `put`: a key and its value, which may come from standard input. */
import type { Command } from 'commander';
import { EMPTY, fromText } from '../../machines/language/bytes.js';
import type { Operation } from './cluster.js';
import { badArguments } from './failure.js';
import type { CommandFailure } from './failure.js';
import { boolFlag, countFlag, textFlag } from './flags.js';
import { parseInt64 } from './go-numbers.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, ToBytes } from './session.js';

export interface PutFlags {
  readonly lease: string;
  readonly prevKv: boolean;
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
  /** 0: none. */
  readonly ttlMs: number;
}

const description = `Puts the given key into the store.

When <value> begins with '-', <value> is interpreted as a flag.
Insert '--' for workaround:

$ put <key> -- <value>
$ put -- <key> <value>

If <value> isn't given as a command line argument and '--ignore-value' is not
specified, this command reads the value from standard input. For example,

$ cat file | put <key>

stores the content of the file in <key>.`;

export const putCommand = (open: OpenSession, run: Run<PutFlags> = put): Command =>
  defineCommand('put', 'Puts the given key into the store', open, run)
    .usage('[options] <key> <value> (<value> can also be given from stdin)')
    .summary(description)
    .addOption(textFlag('--lease', '0', 'lease ID (in hexadecimal) to attach to the key'))
    .addOption(boolFlag('--prev-kv', false, 'return the previous key-value pair before modification'))
    .addOption(boolFlag('--ignore-value', false, 'updates the key using its current value'))
    .addOption(boolFlag('--ignore-lease', false, 'updates the key using its current lease'))
    .addOption(countFlag('--ttl-ms', 'let the key live so many milliseconds: on a lease of its own'));

const put: Run<PutFlags> = async (session, words, flags) => {
  const missing = words.length === 1 && !flags.ignoreValue;
  const read = missing ? await session.terminal.readAll() : undefined;
  const { key, value, options } = putOperation(words, flags, fromText, read);
  session.format();
  const response = await (await session.cluster()).put(key, value, options);
  (await session.printer()).put(response);
};

type Put = Extract<Operation, { type: 'put' }>;

/** `read` is the value from standard input, where none stands on the line. */
export function putOperation(
  words: readonly string[],
  flags: PutFlags,
  toBytes: ToBytes,
  read: Uint8Array = EMPTY,
): Put {
  const [keyWord, valueWord] = words;
  const needed = 'put command needs 1 argument and input from stdin or 2 arguments';
  if (keyWord === undefined) throw badArguments(needed);
  if (flags.ignoreValue && valueWord !== undefined) {
    throw badArguments("put command needs only 1 argument when 'ignore-value' is set");
  }
  checkTtl(flags);
  if (valueWord === undefined && !flags.ignoreValue && read.length === 0) throw badArguments(needed);
  return {
    type: 'put',
    key: toBytes(keyWord),
    value: flags.ignoreValue ? EMPTY : valueWord === undefined ? read : toBytes(valueWord),
    options: {
      lease: leaseOf(flags.lease),
      prevKv: flags.prevKv,
      ignoreValue: flags.ignoreValue,
      ignoreLease: flags.ignoreLease,
      ...(flags.ttlMs === 0 ? {} : { ttlMs: flags.ttlMs }),
    },
  };
}

function checkTtl({ ttlMs, lease, ignoreLease }: PutFlags): void {
  if (ttlMs < 0) throw badArguments(`--ttl-ms is ${ttlMs}; it must be a number of milliseconds above 0`);
  if (ttlMs > 0 && leaseOf(lease) !== 0n) throw twoLeases('--lease');
  if (ttlMs > 0 && ignoreLease) throw twoLeases('--ignore-lease');
}

const twoLeases = (flag: string): CommandFailure =>
  badArguments(`\`${flag}\` and \`--ttl-ms\` cannot be set at the same time, choose one`);

function leaseOf(text: string): bigint {
  try {
    return parseInt64(text, 16);
  } catch (error) {
    throw badArguments(`bad lease ID (${(error as Error).message}), expecting ID in Hex`);
  }
}
