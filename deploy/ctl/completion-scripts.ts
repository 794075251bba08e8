/** The completion scripts of four shells: each walks the words typed so far to a command and offers what can follow. */
import type { Choices } from './completion.js';

type Script = (choices: readonly Choices[]) => string;

const wordsOf = ({ commands, flags }: Choices): string => [...commands, ...flags].map(({ name }) => name).join(' ');

/** bash has no descriptions; a table from command to words is all it needs. */
const bash: Script = (choices) => `# bash completion for quoratectl
_quoratectl() {
  local path="" candidate word
  declare -A choices=(
${choices.map((each) => `    ["/${each.path}"]="${wordsOf(each)}"`).join('\n')}
  )
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    candidate="\${path:+$path }$word"
    [[ -n "\${choices[/$candidate]+set}" ]] && path="$candidate"
  done
  COMPREPLY=($(compgen -W "\${choices[/$path]}" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _quoratectl quoratectl
`;

const zshQuoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const zshItem = ({ name, says }: { readonly name: string; readonly says: string }): string =>
  zshQuoted(`${name}:${says.replaceAll(':', '\\:')}`);

const zshCase = ({ path, commands, flags }: Choices): string =>
  `    ${zshQuoted(path)}) items=(${[...commands, ...flags].map(zshItem).join(' ')}) ;;`;

const zsh: Script = (choices) => `#compdef quoratectl
_quoratectl() {
  local line="" candidate word
  local -a items
  local -A known=(${choices.map(({ path }) => `${zshQuoted(`/${path}`)} 1`).join(' ')})
  for word in "\${words[@]:1:$((CURRENT-2))}"; do
    candidate="\${line:+$line }$word"
    [[ -n "\${known[/$candidate]}" ]] && line="$candidate"
  done
  case "$line" in
${choices.map(zshCase).join('\n')}
  esac
  _describe 'quoratectl' items || _files
}
compdef _quoratectl quoratectl
`;

const fishQuoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const fish: Script = (choices) =>
  [
    '# fish completion for quoratectl',
    'function __quoratectl_at',
    '  set -l words (commandline -opc)[2..-1]',
    "  set -l named (string match -v -- '-*' $words)",
    '  test "$named" = "$argv"',
    'end',
    ...choices.flatMap(({ path, commands, flags }) => {
      const at = `complete -c quoratectl -n ${fishQuoted(`__quoratectl_at ${path}`.trim())}`;
      return [
        ...commands.map(({ name, says }) => `${at} -f -a ${fishQuoted(name)} -d ${fishQuoted(says)}`),
        ...flags.map(({ name, says }) => `${at} -l ${fishQuoted(name.slice(2))} -d ${fishQuoted(says)}`),
      ];
    }),
    '',
  ].join('\n');

const powershellQuoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const powershell: Script = (choices) => `# PowerShell completion for quoratectl
Register-ArgumentCompleter -Native -CommandName 'quoratectl' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $choices = @{
${choices.map((each) => `    ${powershellQuoted(`/${each.path}`)} = ${powershellQuoted(wordsOf(each))}`).join('\n')}
  }
  $path = ''
  foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
    $candidate = ("$path " + $element.ToString()).Trim()
    if ($choices.ContainsKey("/$candidate")) { $path = $candidate }
  }
  $choices["/$path"].Split(' ') | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;

export const scripts = { bash, zsh, fish, powershell } as const;
