/** What a node starts with all the same, though its operator may not have meant it. */
import { statfsSync } from 'node:fs';
import type { Journal, NodeSettings } from '../actors/ports.js';
import { environmentName } from './config.js';

const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]); // tmpfs, ramfs

export function warnOfSetting({ initial_members }: NodeSettings, directory: string, journal: Journal): void {
  const members = initial_members.length;
  if (members % 2 === 0) {
    const does = `${members} members survive the failure of ${Math.ceil(members / 2) - 1}, as ${members - 1} would`;
    journal.warn('an even number of members is no safer than one less', { because: does });
  }
  if (inMemory.has(statfsSync(directory).type)) {
    journal.warn('the data directory is in memory: what it keeps is gone when this machine restarts', { directory });
  }
}

/** A variable that looks like one of ours and sets nothing is a slip of the pen. */
export function warnOfVariables(
  environment: Readonly<Record<string, string | undefined>>,
  flags: readonly string[],
  journal: Journal,
): void {
  const known = new Set(flags.map(environmentName));
  const unknown = Object.keys(environment).filter((name) => name.startsWith('QUORATE_') && !known.has(name));
  if (unknown.length > 0) journal.warn('unknown variables in the environment are ignored', { variables: unknown });
}
