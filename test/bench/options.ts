/** The flags of `npm run bench`. */
import { parseArgs } from 'node:util';
import { operations } from './cases.js';
import type { Case, Plan } from './cases.js';
import { watchingParts, type WatchingPart } from './watching.js';

/** Beside the operations: the parts of a run that have their own kind of result. */
const parts = [...watchingParts, 'election', 'big'] as const;

export interface BenchOptions {
  readonly plan: Plan;
  readonly cases: readonly Case[];
  readonly rounds: number;
  readonly watching: readonly WatchingPart[];
  /** In place of as many as the table has; 0: not given. */
  readonly manyLeases: number;
  readonly elections: number;
  /** 0: not this part. */
  readonly big_keys: number;
  readonly restarts: number;
  /** In place of what each system takes by itself. */
  readonly connections: number | undefined;
  readonly systems: readonly string[] | undefined;
  readonly write: boolean;
}

export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '1' },
      callers: { type: 'string', default: '1,100,1000' },
      elections: { type: 'string', default: '7' },
      keys: { type: 'string', default: '1000000' },
      restarts: { type: 'string', default: '3' },
      connections: { type: 'string' },
      leases: { type: 'string' },
      only: { type: 'string' },
      skip: { type: 'string' },
      systems: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const names = [...operations, ...parts];
  const [only, skip] = [listed('only', values.only, names), listed('skip', values.skip, names)];
  const chosen = names.filter((name) => (only === undefined || only.includes(name)) && !skip?.includes(name));
  const callers = values.callers.split(',').map((text) => whole('callers', text));
  if (values.write && chosen.length < names.length) refuse('--write takes a whole run: leave out --only and --skip');
  return {
    plan: { warm_seconds: 2, seconds: whole('seconds', values.seconds), keys: 10_000, value_bytes: 256 },
    cases: operations
      .filter((operation) => chosen.includes(operation))
      .flatMap((operation) => callers.map((count) => ({ operation, callers: count }))),
    rounds: whole('rounds', values.rounds),
    watching: watchingParts.filter((part) => chosen.includes(part)),
    manyLeases: values.leases === undefined ? 0 : whole('leases', values.leases),
    elections: chosen.includes('election') ? whole('elections', values.elections) : 0,
    big_keys: chosen.includes('big') ? whole('keys', values.keys) : 0,
    restarts: whole('restarts', values.restarts),
    connections: values.connections === undefined ? undefined : whole('connections', values.connections),
    systems: listed('systems', values.systems, ['quorate', 'etcd', 'jetstream']),
    write: values.write,
  };
}

function listed(flag: string, text: string | undefined, known: readonly string[]): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',');
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) refuse(`--${flag}: ${JSON.stringify(unknown)} is none of ${known.join(', ')}`);
  return names;
}

function whole(flag: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) refuse(`--${flag}: ${JSON.stringify(text)} is not a whole number from 1 on`);
  return Number(text);
}

function refuse(what: string): never {
  process.stderr.write(`bench: ${what}\n`);
  process.exit(2);
}
