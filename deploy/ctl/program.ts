/** quoratectl as a tree of commands. */
import { Command } from 'commander';
import { checkCommand } from './check.js';
import { findSubcommand } from './command-names.js';
import { compactionCommand } from './compaction.js';
import { completionCommand } from './completion.js';
import { delCommand } from './del.js';
import { electCommand } from './elect.js';
import { endpointCommand } from './endpoint.js';
import { getCommand } from './get.js';
import { globalFlags } from './globals.js';
import { quoteText } from './go-quote.js';
import { leaseCommand } from './lease.js';
import { lockCommand } from './lock.js';
import { makeMirrorCommand } from './make-mirror.js';
import { memberCommand } from './member.js';
import { putCommand } from './put.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run, Session } from './session.js';
import { txnCommand } from './txn.js';
import { usageOf } from './usage.js';
import { versionCommand } from './version-command.js';
import { watchCommand } from './watch.js';

export function buildProgram(open: OpenSession): Command {
  const program = new Command('quoratectl').helpOption(false).helpCommand(false);
  program.description("A command line client for Quorate, with etcdctl's commands.");
  for (const flag of globalFlags()) program.addOption(flag);
  program.argument('[words...]').action((words: readonly string[]) => showUsage(open(program), words, {}));
  const commands = [
    getCommand(open),
    putCommand(open),
    delCommand(open),
    txnCommand(open),
    compactionCommand(open),
    watchCommand(open),
    leaseCommand(open, showGroup('lease')),
    lockCommand(open),
    electCommand(open),
    makeMirrorCommand(open),
    checkCommand(open, showGroup('check')),
    endpointCommand(open, showGroup('endpoint')),
    versionCommand(open),
    memberCommand(open, showGroup('member')),
    completionCommand(open),
    defineCommand('help', 'Help about any command', open, showUsage).usage('[command]'),
  ];
  for (const command of commands) program.addCommand(command);
  return program;
}

const showUsage: Run<unknown> = async ({ program, terminal }, words) => {
  const command = commandAt(program, words);
  if (command === undefined) terminal.complain(`Unknown help topic [${words.map(backQuote).join(' ')}]\n`);
  terminal.out(usageOf(command ?? program, program));
};

const backQuote = (word: string): string => (word.includes('`') ? quoteText(word) : `\`${word}\``);

/** A group by itself, or with a word that is none of its commands, shows what it has. */
const showGroup =
  (name: string): Run<unknown> =>
  (session: Session) =>
    showUsage(session, [name], {});

export function commandAt(program: Command, words: readonly string[]): Command | undefined {
  return words.reduce<Command | undefined>((at, word) => (at === undefined ? at : findSubcommand(at, word)), program);
}
