/** `watch -i`: each line of standard input begins a watch or asks for progress. */
import { Command } from 'commander';
import type { Watcher } from '../../client/watch-types.js';
import { readCommandLine } from './arguments.js';
import { badArguments, CommandFailure, exitCodes, UsageFailure } from './failure.js';
import { defineCommand } from './session.js';
import type { Session } from './session.js';
import { fromLatin1, splitWords } from './txn-operation.js';
import { watchFlags } from './watch.js';
import type { WatchFlags } from './watch.js';
import { watchWords } from './watch-words.js';
import type { WatchTarget, WatchWords } from './watch-words.js';
import { optionsOf, showWatch } from './watching.js';

/** Ends with the input, which is an error as in etcdctl, or when a program that was run has failed. */
export async function watchInteractively(session: Session, target: WatchTarget): Promise<void> {
  session.format();
  await session.cluster();
  const watchers = new Set<Watcher>();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => (fail = reject));
  failed.catch(() => undefined); // it is heard where the next line is awaited
  try {
    for (;;) {
      const line = await Promise.race([session.terminal.readLine(), failed]);
      if (line === undefined) throw new CommandFailure(exitCodes.invalidInput, 'Error reading watch request line: EOF');
      const begun = await followLine(session, line.replace(/\n$/, ''), target, watchers);
      if (begun === undefined) continue;
      watchers.add(begun.watcher);
      const shown = showWatch(session, begun.watcher, begun.program);
      shown.catch(fail).finally(() => watchers.delete(begun.watcher));
    }
  } finally {
    for (const watcher of watchers) await watcher.cancel();
  }
}

interface Begun {
  readonly watcher: Watcher;
  readonly program: readonly string[];
}

async function followLine(
  session: Session,
  latin1: string,
  target: WatchTarget,
  watchers: ReadonlySet<Watcher>,
): Promise<Begun | undefined> {
  const line = Buffer.from(latin1, 'latin1').toString();
  const [word, ...words] = splitWords(latin1);
  const refuse = (why: string): undefined =>
    session.terminal.complain(`Invalid command ${line} (${why})\n`) as undefined;
  if (word === undefined) {
    session.terminal.complain(`Invalid command: ${line} (watch and progress supported)\n`);
    return undefined;
  }
  if (word === 'progress') {
    await Promise.all([...watchers].map((watcher) => watcher.requestProgress()));
    return undefined;
  }
  if (word !== 'watch') return refuse('only support watch');
  if (words.length === 0 && target.key === '') return refuse('command type or key is not provided');
  const { named, flags } = await readWatch(words, target);
  if (named.rangeEnd !== undefined && flags.prefix) return refuse('`range_end` and `--prefix` are mutually exclusive');
  const options = optionsOf(named, flags, fromLatin1, badArguments);
  const program = named.program.map((each) => Buffer.from(each, 'latin1').toString());
  return { watcher: (await session.cluster()).watch(options.key, options), program };
}

/** The words after `watch`, a character for each byte. */
async function readWatch(
  words: readonly string[],
  target: WatchTarget,
): Promise<{ readonly named: WatchWords; readonly flags: WatchFlags }> {
  let found: { readonly words: readonly string[]; readonly flags: WatchFlags } | undefined;
  const program = new Command('watch').helpOption(false).helpCommand(false);
  const open = (): Session => ({}) as Session;
  const keep = async (_session: Session, rest: readonly string[], flags: WatchFlags): Promise<void> =>
    void (found = { words: rest, flags });
  program.addCommand(watchFlags(defineCommand('watch', '', open, keep)));
  const { canonical, dashAt, helpWanted } = read(program, words);
  if (helpWanted) throw badArguments('pflag: help requested');
  await program.parseAsync(canonical, { from: 'user' });
  if (found === undefined) throw badArguments('bad number of arguments');
  return { named: watchWords(found.words, dashAt, targetInLatin1(target)), flags: found.flags };
}

function read(program: Command, words: readonly string[]): ReturnType<typeof readCommandLine> {
  try {
    return readCommandLine(program, ['watch', ...words], {});
  } catch (error) {
    if (error instanceof UsageFailure) throw badArguments(error.message);
    throw error;
  }
}

const targetInLatin1 = ({ key, rangeEnd }: WatchTarget): WatchTarget => ({
  key: Buffer.from(key).toString('latin1'),
  rangeEnd: Buffer.from(rangeEnd).toString('latin1'),
});
