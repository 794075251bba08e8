/** What the exit code of `quorate serve` says, and which error comes to which. */
import { DamagedError, DirectoryError, DiskError } from '../store/ports.js';
import { LinkError, NameInUseError } from '../transport/ports.js';
import { ConfigError } from './config.js';

export const exitCodes = { stopped: 0, failed: 1, badConfiguration: 2, disk: 3, damaged: 4 } as const;

/** Of the error, its causes and its parts, the one that has a code of its own. */
export function exitCodeOf(error: unknown): number {
  const kinds = withCauses(error);
  if (kinds.some((each) => each instanceof DamagedError)) return exitCodes.damaged;
  if (kinds.some((each) => each instanceof DiskError)) return exitCodes.disk;
  if (kinds.some((each) => isConfiguration(each))) return exitCodes.badConfiguration;
  return exitCodes.failed;
}

const isConfiguration = (error: unknown): boolean =>
  error instanceof ConfigError ||
  error instanceof DirectoryError ||
  error instanceof NameInUseError ||
  isRefused(error);

/** What was given to get into NATS is not what its servers take. */
const isRefused = (error: unknown): boolean => error instanceof LinkError && error.reason === 'refused';

function withCauses(error: unknown): readonly unknown[] {
  if (!(error instanceof Error)) return [error];
  const parts: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...[error.cause, ...parts].filter((each) => each !== undefined).flatMap(withCauses)];
}

/** For people, after "n2 ended: ". */
export function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === null) return `killed by ${signal ?? 'a signal'}`;
  const meaning: Record<number, string> = {
    [exitCodes.stopped]: 'stopped',
    [exitCodes.failed]: 'failed, see its last lines',
    [exitCodes.badConfiguration]: 'a flag, its data directory or its way into NATS is not usable',
    [exitCodes.disk]: 'disk full, or a sync failed',
    [exitCodes.damaged]: 'damaged data: do not start it again on this directory',
  };
  return `exit code ${code}${code in meaning ? ` (${meaning[code]})` : ''}`;
}
