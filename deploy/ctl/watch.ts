/** `watch`: shows what happens to keys, and runs a program at each event. */
import type { Command } from 'commander';
import { fromText } from '../../machines/language/bytes.js';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag, countFlag } from './flags.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run } from './session.js';
import { optionsOf, showWatch } from './watching.js';
import { targetOf, watchWords } from './watch-words.js';

export interface WatchFlags {
  readonly prefix: boolean;
  readonly rev: number;
  readonly prevKv: boolean;
  readonly progressNotify: boolean;
  readonly initialState: boolean;
}

export const watchCommand = (open: OpenSession): Command =>
  watchFlags(defineCommand('watch', 'Watches events stream on keys or prefixes', open, watch)).addOption(
    boolFlag('-i, --interactive', false, 'Interactive mode'),
  );

export const watchFlags = (command: Command): Command =>
  command
    .usage('[options] [key or prefix] [range_end] [--] [exec-command arg1 arg2 ...]')
    .addOption(boolFlag('--prefix', false, 'Watch on a prefix if prefix is set'))
    .addOption(countFlag('--rev', 'Revision to start watching'))
    .addOption(boolFlag('--prev-kv', false, 'get the previous key-value pair before the event happens'))
    .addOption(boolFlag('--progress-notify', false, 'get periodic watch progress notification from server'))
    .addOption(boolFlag('--initial-state', false, 'begin with the keys as they are, as puts, and go on from there'));

const watch: Run<WatchFlags & { readonly interactive: boolean }> = async (session, words, flags) => {
  const target = targetOf(session.environment);
  if (flags.interactive) return (await import('./watch-interactive.js')).watchInteractively(session, target);
  const named = watchWords(words, session.dashAt, target);
  const options = optionsOf(named, flags, fromText, badArguments);
  session.format();
  const cluster = await session.cluster();
  await showWatch(session, cluster.watch(options.key, options), named.program);
  throw new CommandFailure(exitCodes.interrupted, 'watch is canceled by the server');
};
