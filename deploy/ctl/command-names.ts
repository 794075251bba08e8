/** Finds the command that a word means: its name, or a beginning of its name that fits no other command. */
import type { Command } from 'commander';

/** etcdctl's commands that come in later versions: a beginning that fits one of these too is not unique. */
const laterCommands = ['alarm', 'auth', 'defrag', 'downgrade', 'move-leader', 'role', 'snapshot', 'user'];

export function findSubcommand(parent: Command, word: string): Command | undefined {
  const exact = parent.commands.find((command) => command.name() === word);
  if (exact !== undefined) return exact;
  const fitting = parent.commands.filter((command) => command.name().startsWith(word));
  const later = parent.parent === null ? laterCommands.filter((name) => name.startsWith(word)) : [];
  return fitting.length + later.length === 1 ? fitting[0] : undefined;
}

/** The words of a command, without the program's name. */
export function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

/** cobra's text for a word that is no command, with the commands that may have been meant. */
export function unknownCommandText(program: Command, word: string): string {
  const meant = program.commands.map((command) => command.name()).filter((name) => isNear(word, name));
  const suggestion = meant.length === 0 ? '' : `\n\nDid you mean this?\n${meant.map((name) => `\t${name}\n`).join('')}`;
  return `unknown command "${word}" for "${program.name()}"${suggestion}`;
}

const isNear = (typed: string, name: string): boolean =>
  distance(typed.toLowerCase(), name.toLowerCase()) <= 2 || name.toLowerCase().startsWith(typed.toLowerCase());

/** Levenshtein's: the least number of letters to put in, take out or change. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const changed = (row[column - 1] ?? 0) + (from[line - 1] === to[column - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
