/** `compaction`: forgets the history before a revision. */
import type { Command } from 'commander';
import { badArguments, CommandFailure, exitCodes } from './failure.js';
import { boolFlag } from './flags.js';
import { parseInt64, toCount } from './go-numbers.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run } from './session.js';

interface CompactionFlags {
  readonly physical: boolean;
}

export const compactionCommand = (open: OpenSession): Command =>
  defineCommand('compaction', 'Compacts the event history in the store', open, compaction)
    .usage('[options] <revision>')
    .addOption(boolFlag('--physical', false, "'true' to wait for compaction to physically remove all old revisions"));

const compaction: Run<CompactionFlags> = async (session, words, { physical }) => {
  const [word] = words;
  if (word === undefined || words.length > 1) throw badArguments('compaction command needs 1 argument');
  const revision = revisionOf(word);
  session.format();
  await (await session.cluster()).compact(toCount(revision), { physical });
  session.terminal.out(`compacted revision ${revision}\n`);
};

function revisionOf(word: string): bigint {
  try {
    return parseInt64(word, 10);
  } catch (error) {
    throw new CommandFailure(exitCodes.error, (error as Error).message);
  }
}
