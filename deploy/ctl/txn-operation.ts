/** Reads an operation of a transaction: a line of get, put or del as on the command line, with their flags. */
import { Command } from 'commander';
import { readCommandLine } from './arguments.js';
import type { Operation } from './cluster.js';
import { delCommand, delOperation, warnOfRange } from './del.js';
import { CommandFailure, UsageFailure } from './failure.js';
import { getCommand, getOperation } from './get.js';
import { unquotePrefix } from './go-quote.js';
import { putCommand, putOperation } from './put.js';
import type { OpenSession, Run, ToBytes } from './session.js';
import type { Terminal } from './terminal.js';
import { badInput } from './txn-compare.js';

/** Words are a character for each byte. */
export const fromLatin1: ToBytes = (word) => Buffer.from(word, 'latin1');

/** `latin1` is the line, a character for each byte. */
export async function parseOperation(latin1: string, terminal: Terminal): Promise<Operation> {
  const line = Buffer.from(latin1, 'latin1').toString();
  const words = splitWords(latin1);
  if (words.length < 2) throw badInput(`invalid txn compare request: ${line}`);
  const found: Operation[] = [];
  const program = operationCommands(found, terminal);
  const { canonical, helpWanted } = read(program, words, line);
  if (helpWanted) throw badInput(`invalid txn request: ${line}`);
  await program.parseAsync(canonical, { from: 'user' });
  const [operation] = found;
  if (operation === undefined) throw badInput(`invalid txn request: ${line}`);
  return operation;
}

function read(program: Command, words: readonly string[], line: string): ReturnType<typeof readCommandLine> {
  try {
    return readCommandLine(program, words, {});
  } catch (error) {
    const unreadable = error instanceof UsageFailure || (error instanceof CommandFailure && error.exitCode === 1);
    if (!unreadable) throw error;
    throw badInput(`invalid txn request: ${line}`);
  }
}

/** The commands, but each keeps what it would do. */
function operationCommands(found: Operation[], terminal: Terminal): Command {
  const open: OpenSession = () => ({ terminal }) as ReturnType<OpenSession>;
  const keep =
    <Flags>(make: (words: readonly string[], flags: Flags, toBytes: ToBytes) => Operation): Run<Flags> =>
    async (_session, words, flags) =>
      void found.push(make(words, flags, fromLatin1));
  const del = delCommand(open, async (_session, words, flags) => {
    found.push(delOperation(words, flags, fromLatin1));
    await warnOfRange(terminal, words, flags, fromLatin1);
  });
  const program = new Command('txn').helpOption(false).helpCommand(false);
  program.addCommand(putCommand(open, keep(putOperation))).addCommand(getCommand(open, keep(getOperation)));
  return program.addCommand(del);
}

const word = /"(?:[^"\\]|\\.)*"|'[^']*'|[^'"\t\n\f\r ][^\t\n\f\r ]*[^'"\t\n\f\r ]?/g;

/**
 * Words of a line, a character for each byte. They end at white space; double quotes hold Go's escapes, single quotes
 * everything as it is.
 */
export function splitWords(latin1: string): string[] {
  return (latin1.match(word) ?? []).map((each) => {
    if (each.startsWith("'")) return each.slice(1, -1);
    if (!each.startsWith('"')) return each;
    const unquoted = unquotePrefix(Buffer.from(each, 'latin1').toString());
    if (unquoted === undefined) throw badInput('invalid syntax');
    return Buffer.from(unquoted.bytes).toString('latin1');
  });
}
