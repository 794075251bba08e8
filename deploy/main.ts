/** The program `quorate`: its commands, and the way from their outcome to an exit code. */
import 'reflect-metadata';
import { Command, CommanderError } from 'commander';
import { LinkError } from '../transport/ports.js';
import { ConfigError } from './config.js';
import type { Given, Options } from './config.js';
import { exitCodeOf, exitCodes } from './exit-codes.js';
import { inspect, inspectOptions } from './inspector/inspect.js';
import { serveOptions } from './node-options.js';
import { errorText } from './observe.js';
import { serve } from './serve.js';
import { up, upOptions } from './up.js';
import { version } from './version.js';

function program(): Command {
  const quorate = new Command('quorate')
    .description('A strongly consistent, replicated key-value store on NATS and RocksDB.')
    .version(version, '-V, --version')
    .exitOverride();
  addCommand(quorate, 'up', 'start a NATS server and the nodes of a cluster, in the foreground', upOptions, up);
  addCommand(quorate, 'serve', 'run one node', serveOptions, serve);
  addCommand(quorate, 'inspect', 'watch a running cluster in a web page', inspectOptions, inspect);
  quorate
    .command('version')
    .description('print the version')
    .action(() => void process.stdout.write(`quorate version: ${version}\nNode.js: ${process.versions.node}\n`));
  return quorate;
}

/** Commander only collects texts; config.ts knows what they mean. */
function addCommand(
  parent: Command,
  name: string,
  description: string,
  options: Options,
  run: (given: Given) => Promise<number>,
): void {
  const command = parent.command(name).description(description).allowExcessArguments(false);
  const attributes = new Map<string, string>();
  for (const [flag, { says, kind, preset }] of Object.entries(options)) {
    const shown = preset === undefined ? '' : ` (default: ${JSON.stringify(preset)})`;
    const value = kind.alone === undefined ? '<value>' : '[value]';
    command.option(`--${flag} ${value}`, `${says}: ${kind.takes}${shown}`);
    attributes.set(
      flag,
      flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
    );
  }
  command.action(async (parsed: Record<string, string | true>) => {
    const textOf = (flag: string, given: string | true | undefined) =>
      given === true ? options[flag]?.kind.alone : given;
    const flags = Object.fromEntries([...attributes].map(([flag, name]) => [flag, textOf(flag, parsed[name])]));
    process.exitCode = await run({ flags, environment: process.env });
  });
}

async function main(): Promise<void> {
  const quorate = program();
  try {
    await quorate.parseAsync(process.argv);
  } catch (error) {
    process.exitCode = report(error);
  }
  // Whatever still has a timer or a socket has nothing more to do.
  process.exit();
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.stopped : exitCodes.badConfiguration;
  const told =
    error instanceof ConfigError || error instanceof LinkError || !(error instanceof Error)
      ? errorText(error)
      : (error.stack ?? error.message);
  process.stderr.write(`quorate ${process.argv[2] ?? ''}: ${told}\n`);
  return exitCodeOf(error);
}

await main();
