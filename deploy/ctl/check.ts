/** `check perf | datascale`: what both have in common: loads, flags, and that no keys are there already. */
import type { Command } from 'commander';
import type { DeleteResponse } from '../../client/types.js';
import { fromText } from '../../machines/language/bytes.js';
import type { ClusterAccess } from './cluster.js';
import { CommandFailure, exitCodes } from './failure.js';
import { boolFlag, textFlag } from './flags.js';
import { quoteText } from './go-quote.js';
import type { LoadReport } from './load.js';
import { defineCommand, defineGroup } from './session.js';
import type { OpenSession, Run } from './session.js';
import type { Terminal } from './terminal.js';

export interface CheckFlags {
  readonly load: string;
  readonly prefix: string;
  readonly autoCompact: boolean;
}

const datascaleDescription = `The memory is that of one member's process: the first one that
\`--members\` names, else the first one of the member list.`;

export const checkCommand = (open: OpenSession, show: Run<unknown>): Command =>
  defineGroup('check', 'commands for checking properties of the cluster', open, show)
    .addCommand(
      withFlags(
        defineCommand<CheckFlags>(
          'perf',
          'Check the performance of the cluster',
          open,
          async (session, _words, flags) => (await import('./check-perf.js')).checkPerf(session, flags),
        ),
        'performance',
        'perf',
      ),
    )
    .addCommand(
      withFlags(
        defineCommand<CheckFlags>(
          'datascale',
          'Check the memory usage of holding data for different workloads on a given member.',
          open,
          async (session, _words, flags) => (await import('./check-datascale.js')).checkDatascale(session, flags),
        ).summary(datascaleDescription),
        'datascale',
        'datascale',
      ),
    );

const withFlags = (command: Command, what: string, name: string): Command =>
  command
    .usage('[options]')
    .addOption(
      textFlag(
        '--load',
        's',
        `The ${what} check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)`,
      ),
    )
    .addOption(textFlag('--prefix', `/etcdctl-check-${name}/`, `The prefix for writing the ${what} check's keys.`))
    .addOption(boolFlag('--auto-compact', false, 'Compact storage with last revision after test is finished.'));

const aliases = { s: 's', small: 's', m: 'm', medium: 'm', l: 'l', large: 'l', xl: 'xl', xLarge: 'xl' } as const;
export type LoadName = (typeof aliases)[keyof typeof aliases];

export function loadOf<T>(loads: Readonly<Record<LoadName, T>>, word: string): T {
  const name = Object.hasOwn(aliases, word) ? aliases[word as keyof typeof aliases] : undefined;
  if (name === undefined) throw new CommandFailure(exitCodes.badFeature, `unknown load option ${word}`);
  return loads[name];
}

/** What is there would be deleted with the rest at the end. */
export async function refuseKeys(cluster: ClusterAccess, prefix: string): Promise<void> {
  const { kvs } = await cluster.get(fromText(prefix), { prefix: true, limit: 1 });
  if (kvs.length === 0) return;
  throw new CommandFailure(
    exitCodes.invalidInput,
    `prefix ${quoteText(prefix)} has keys. Delete with quoratectl del --prefix ${prefix} first`,
  );
}

export async function cleanUp(cluster: ClusterAccess, terminal: Terminal, flags: CheckFlags): Promise<DeleteResponse> {
  const deleted = await cluster.delete(fromText(flags.prefix), { prefix: true });
  const { revision } = deleted.header;
  if (!flags.autoCompact) return deleted;
  terminal.out(`Compacting with revision ${revision}\n`);
  terminal.flush();
  await cluster.compact(revision, { physical: true });
  terminal.out(`Compacted with revision ${revision}\n`);
  return deleted;
}

/** Returns whether there were none. */
export function tellErrors(terminal: Terminal, { errors }: LoadReport): boolean {
  if (errors.size === 0) return true;
  terminal.out('FAIL: too many errors\n');
  for (const [text, count] of errors) terminal.out(`FAIL: ERROR(${text}) -> ${count}\n`);
  return false;
}
