/** What a running command works with. */
import { Command } from 'commander';
import type { ClusterAccess } from './cluster.js';
import type { Globals } from './globals.js';
import type { Format, Printer, PrinterOptions } from './printer.js';
import type { Terminal } from './terminal.js';

export interface Session {
  readonly program: Command;
  readonly globals: Globals;
  readonly terminal: Terminal;
  /** Throws what `-w` names wrongly. */
  format(): Format;
  /** Of the process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How many of the words stand before `--`; undefined when there is none. */
  readonly dashAt: number | undefined;
  /** Connects at the first call. */
  cluster(): Promise<ClusterAccess>;
  /** Connects with other settings; closed with the first connection. */
  connect(globals: Globals): Promise<ClusterAccess>;
  printer(options?: Omit<PrinterOptions, 'hex'>): Promise<Printer>;
}

/** A command, run with the words after its name. */
export type Run<Flags> = (session: Session, words: readonly string[], flags: Flags) => Promise<void>;
/** The session of a command line; commander calls the commands, and it knows nothing of sessions. */
export type OpenSession = (command: Command) => Session;

/** `says` is the one line of help. */
export function defineCommand<Flags>(name: string, says: string, open: OpenSession, run: Run<Flags>): Command {
  const command = new Command(name).description(says).usage('').argument('[words...]').helpOption(false);
  return command.action((words: readonly string[], flags: Flags) => run(open(command), words, flags));
}

/** A command that only holds others; run by itself it shows its usage. */
export const defineGroup = (name: string, says: string, open: OpenSession, show: Run<unknown>): Command =>
  defineCommand(name, says, open, show).usage('<subcommand>').helpCommand(false);

/** Turns a word of the command line into bytes: UTF-8, or latin-1 where the words came as bytes. */
export type ToBytes = (word: string) => Uint8Array;
