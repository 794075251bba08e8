/** How a command ends other than well: the text for stderr and etcdctl's exit code (reference 3.1). */

export const exitCodes = {
  success: 0,
  error: 1,
  badConnection: 2,
  invalidInput: 3,
  badFeature: 4,
  interrupted: 5,
  io: 6,
  badArguments: 128,
} as const;

/** Ends the command: `Error: <message>` on stderr, and this exit code. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
  constructor(
    /** One of `exitCodes`, or that of a program that was run. */
    readonly exitCode: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A command line that could not be read: the usage of the command it was meant for follows on stdout. */
export class UsageFailure extends CommandFailure {
  override readonly name = 'UsageFailure';
  constructor(
    message: string,
    /** The words of the command, without the program's name. */
    readonly path: readonly string[],
  ) {
    super(exitCodes.error, message);
  }
}

/** A command that is missing an argument or has one too many. */
export const badArguments = (message: string): CommandFailure => new CommandFailure(exitCodes.badArguments, message);

/** Ends the command with an exit code; what was wrong has been told already. */
export class SilentFailure extends CommandFailure {
  override readonly name = 'SilentFailure';
  constructor(exitCode: number) {
    super(exitCode, '');
  }
}
