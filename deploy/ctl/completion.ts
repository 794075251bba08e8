/** `completion`: scripts that teach a shell the commands and flags, as they stand in this program. */
import type { Command } from 'commander';
import { pathOf } from './command-names.js';
import { UsageFailure } from './failure.js';
import { defineCommand } from './session.js';
import type { OpenSession, Run } from './session.js';

const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;

const description = `To load completions:

Bash:

  $ source <(quoratectl completion bash)

Zsh:

  $ source <(quoratectl completion zsh)

fish:

  $ quoratectl completion fish | source

PowerShell:

  PS> quoratectl completion powershell | Out-String | Invoke-Expression

To load them in each session, put the line in the shell's start-up file.`;

export const completionCommand = (open: OpenSession): Command =>
  defineCommand('completion', 'Generate completion script', open, completion)
    .usage('[bash|zsh|fish|powershell]')
    .summary(description);

const completion: Run<unknown> = async (session, words) => {
  const [word = ''] = words;
  const path = ['completion'];
  if (words.length !== 1) throw new UsageFailure(`accepts 1 arg(s), received ${words.length}`, path);
  const shell = shells.find((known) => known === word);
  if (shell === undefined) throw new UsageFailure(`invalid argument "${word}" for "quoratectl completion"`, path);
  const { scripts } = await import('./completion-scripts.js');
  session.terminal.out(scripts[shell](choicesOf(session.program)));
};

/** What can follow a command: its commands and flags. */
export interface Choices {
  /** The command's words, joined by a space; empty for the program. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly says: string }[];
  readonly flags: readonly { readonly name: string; readonly says: string }[];
}

function choicesOf(command: Command): Choices[] {
  const flags = [
    ...command.options,
    ...(command.parent === null ? [] : ancestors(command).flatMap((each) => each.options)),
  ];
  const own: Choices = {
    path: pathOf(command).join(' '),
    commands: command.commands.map((each) => ({ name: each.name(), says: each.description() })),
    flags: [...flags.map((flag) => ({ name: `--${flag.name()}`, says: flag.description })), help],
  };
  return [own, ...command.commands.flatMap(choicesOf)];
}

const help = { name: '--help', says: 'show the usage' };

const ancestors = (command: Command): Command[] =>
  command.parent === null ? [] : [command.parent, ...ancestors(command.parent)];
