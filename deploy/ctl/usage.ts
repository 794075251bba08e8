/** The help text of a command, laid out as etcdctl's. */
import type { Command, Option } from 'commander';
import { version } from '../version.js';
import { pathOf } from './command-names.js';
import { standsAlone } from './flags.js';
import { quoteText } from './go-quote.js';
import { alignTabs } from './tabs.js';

export const apiVersion = '3.6';

export function usageOf(command: Command, program: Command): string {
  const path = pathOf(command).join(' ');
  const isProgram = command === program;
  const sections: (readonly string[])[] = [
    ['NAME:', `  ${isProgram ? program.name() : path} - ${command.description()}`],
    ['USAGE:', `  ${useLine(command, program)}`],
  ];
  if (isProgram) sections.push(['VERSION:', `  ${version}`]);
  if (command.commands.length > 0) {
    sections.push(['API VERSION:', `  ${apiVersion}`], ['', 'COMMANDS:', ...commandLines(command, [])]);
  }
  const long = command.summary();
  if (long !== '') {
    sections.push(['DESCRIPTION:', ...long.split('\n').map((line) => (line === '' ? '' : `  ${line}`))]);
  }
  const help = isProgram ? 'quoratectl' : command.name();
  sections.push(['OPTIONS:', ...flagLines(command.options, help)]);
  if (!isProgram) sections.push(['GLOBAL OPTIONS:', ...flagLines(inherited(command), undefined)]);
  return `${alignTabs(sections.flatMap((lines) => [...lines, ''])).join('\n')}\n`;
}

function useLine(command: Command, program: Command): string {
  if (command === program) return `${program.name()} [flags]`;
  return [program.name(), ...pathOf(command), command.usage(), '[flags]'].filter((part) => part !== '').join(' ');
}

/** A group is shown by what is in it. */
function commandLines(parent: Command, above: readonly string[]): string[] {
  const sorted = parent.commands.toSorted((one, other) => (one.name() < other.name() ? -1 : 1));
  return sorted.flatMap((command) => {
    const words = [...above, command.name()];
    if (command.commands.length > 0) return commandLines(command, words);
    return [`  ${words.join(' ')}\t${command.description()}`];
  });
}

const inherited = (command: Command): readonly Option[] =>
  command.parent === null ? [] : [...command.parent.options, ...inherited(command.parent)];

function flagLines(options: readonly Option[], helpFor: string | undefined): string[] {
  const lines = options.map((option) => ({ name: option.name(), line: flagLine(option) }));
  if (helpFor !== undefined) lines.push({ name: 'help', line: `  -h, --help[=false]\thelp for ${helpFor}` });
  return lines.toSorted((one, other) => (one.name < other.name ? -1 : 1)).map(({ line }) => line);
}

function flagLine(option: Option): string {
  const preset: unknown = option.defaultValue;
  const shown = typeof preset === 'string' ? quoteText(preset) : (option.defaultValueDescription ?? String(preset));
  const name = `${option.short === undefined ? '    ' : `${option.short}, `}--${option.name()}`;
  return `  ${name}${standsAlone(option) ? `[=${shown}]` : `=${shown}`}\t${option.description}`;
}
