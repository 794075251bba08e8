/** One `quorate serve` as a child of `quorate up`: how it is started, what it says, and how it ends. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { environmentName } from './config.js';
import type { Option, Options } from './config.js';
import { clusterOptions } from './node-options.js';
import { preferredFormat } from './observe.js';

export const program = fileURLToPath(new URL('../../deploy/bin/quorate', import.meta.url));

export interface NodeProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** What starts it again by hand. */
  readonly command: string;
  readonly ready: Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** `own` are this node's flags, `shared` those of the whole cluster. */
export function startNode(
  own: { readonly name: string } & Readonly<Record<string, string>>,
  shared: ReadonlyMap<string, string>,
): NodeProcess {
  const given = [...Object.entries(own), ...shared];
  const secrets = given.filter(([flag, text]) => isSecret(flag, text));
  const flags = given.filter(([flag, text]) => !isSecret(flag, text));
  const args = ['serve', ...flags.map(([flag, text]) => `--${flag}=${text}`)];
  const child = spawn(process.execPath, [program, ...args], {
    env: childEnvironment(secrets),
    // The channel tells the node when we are gone, however that came.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // Of its own group, so that Ctrl-C in the terminal reaches it through us, in order.
    detached: true,
  });
  const ready = new Promise<void>((resolve) => {
    prefixLines(own.name, child.stdout, (line) => {
      if (line.startsWith('ready: ')) resolve();
    });
  });
  prefixLines(own.name, child.stderr, () => undefined);
  return {
    name: own.name,
    child,
    command:
      [program, ...args].map(quoted).join(' ') + secrets.map(([flag]) => `  # with ${environmentName(flag)}`).join(''),
    ready,
    ended: new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal }))),
  };
}

function isSecret(flag: string, text: string): boolean {
  const option: Option<unknown> | undefined = (clusterOptions as Options)[flag];
  return option?.kind.secret?.(text) === true;
}

/** Secrets travel in the environment: a command line can be read by everyone on the machine. */
function childEnvironment(secrets: readonly (readonly [string, string])[]): NodeJS.ProcessEnv {
  const inherited = { ...process.env };
  // What our own file says reaches the nodes as flags; it may hold keys that only `up` knows.
  delete inherited[environmentName('config-file')];
  return {
    ...inherited,
    [environmentName('log-format')]: inherited[environmentName('log-format')] ?? preferredFormat(),
    ...Object.fromEntries(secrets.map(([flag, text]) => [environmentName(flag), text])),
  };
}

function prefixLines(name: string, from: Readable | null, hear: (line: string) => void): void {
  if (from === null) return;
  createInterface({ input: from }).on('line', (line) => {
    process.stderr.write(`${name} | ${line}\n`);
    hear(line);
  });
}

const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
