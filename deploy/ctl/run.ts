/** Runs one command line from its words to an exit code. */
import type { Command } from 'commander';
import { readCommandLine } from './arguments.js';
import type { ClusterAccess } from './cluster.js';
import { CommandFailure, exitCodes, SilentFailure, UsageFailure } from './failure.js';
import { secretFlags, shownServers, variableOf } from './globals.js';
import type { Globals } from './globals.js';
import { formatOf, loadPrinter } from './printer.js';
import { buildProgram, commandAt } from './program.js';
import type { Session } from './session.js';
import type { Terminal } from './terminal.js';
import { usageOf } from './usage.js';

export interface Surroundings {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly connect: (globals: Globals) => Promise<ClusterAccess>;
}

export async function runCommandLine(words: readonly string[], surroundings: Surroundings): Promise<number> {
  const { terminal, environment } = surroundings;
  const connections: ClusterAccess[] = [];
  let dashAt: number | undefined;
  const program = buildProgram((command) => openSession(program, command, dashAt, surroundings, connections));
  try {
    const line = readCommandLine(program, words, environment);
    const { command, canonical, helpWanted } = line;
    dashAt = line.dashAt;
    if (helpWanted) terminal.out(usageOf(command, program));
    else await program.parseAsync(canonical, { from: 'user' });
    return exitCodes.success;
  } catch (error) {
    return report(error, program, terminal);
  } finally {
    for (const connection of connections) await connection.close();
    terminal.flush();
  }
}

function openSession(
  program: Command,
  command: Command,
  dashAt: number | undefined,
  { terminal, environment, connect }: Surroundings,
  connections: ClusterAccess[],
): Session {
  const globals = command.optsWithGlobals<Globals & Record<string, unknown>>();
  let connecting: Promise<ClusterAccess> | undefined;
  const connectWith = async (settings: Globals): Promise<ClusterAccess> => {
    const connection = await connect(settings);
    connections.push(connection);
    return connection;
  };
  const connectOnce = (): Promise<ClusterAccess> => {
    if (globals.debug) showSettings(program, terminal);
    return connectWith(globals);
  };
  const format = (): ReturnType<typeof formatOf> => formatOf(globals.writeOut);
  return {
    program,
    globals,
    terminal,
    environment,
    dashAt,
    format,
    connect: connectWith,
    cluster: () => (connecting ??= connectOnce()),
    printer: async (options = {}) => (await loadPrinter(format()))(terminal, { hex: globals.hex, ...options }),
  };
}

function showSettings(program: Command, terminal: Terminal): void {
  for (const option of program.options) {
    const value: unknown = program.getOptionValue(option.attributeName());
    const text = option.name() === 'servers' ? shownServers(String(value)) : String(value);
    const shown = secretFlags.has(option.name()) && value !== '' ? '***' : text;
    terminal.complain(`${variableOf(option.name())}=${shown}\n`);
  }
}

/** Where the command line could not be read, what would have been right follows. */
function report(error: unknown, program: Command, terminal: Terminal): number {
  if (error instanceof SilentFailure) return error.exitCode;
  terminal.complain(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageFailure) {
    terminal.out(usageOf(commandAt(program, error.path) ?? program, program));
    terminal.complain('\n');
  }
  return error instanceof CommandFailure ? error.exitCode : exitCodes.error;
}
