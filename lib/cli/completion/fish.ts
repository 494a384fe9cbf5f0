// Completion for fish 3 and later.

import { argumentKind, type CompletionCommand, type CompletionOption, type CompletionSpec, LIST_NAMES, oneLine, spellings } from './spec.js';

const COMPLETE = 'complete -c app-cluster';

export function fishScript({ commands }: CompletionSpec): string {
  return `# Completion of app-cluster for fish. In ~/.config/fish/config.fish: app-cluster completion fish | source
function __app_cluster_command
  set -l words (commandline -opc)
  test (count $words) -gt 1; and test "$words[2]" = "$argv[1]"
end
${COMPLETE} -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CompletionCommand): string[] {
  const isThis = `-n ${quoted(`__app_cluster_command ${quoted(command.name)}`)}`;
  const kind = argumentKind(command);
  return [
    `${COMPLETE} -n 'test (count (commandline -opc)) -eq 1' -a ${quoted(quoted(command.name))} -d ${quoted(command.summary)}`,
    ...(kind === 'files' ? [`${COMPLETE} ${isThis} -F`] : []),
    ...(kind === 'names' ? [`${COMPLETE} ${isThis} -a '(${LIST_NAMES} 2>/dev/null)'`] : []),
    ...command.options.map(option => `${COMPLETE} ${isThis} ${flags(option)} -d ${quoted(option.description)}`),
  ];
}

/** -l for --workers, -s for -w; -r -F: a value follows, perhaps a file. */
function flags({ flag, takesValue }: CompletionOption): string {
  const names = spellings(flag).map(name => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-${name.length > 2 ? 'o' : 's'} ${name.slice(1)}`));
  return [...names, ...(takesValue ? ['-r', '-F'] : [])].join(' ');
}

/** Between single quotes a backslash escapes the quote and itself. */
function quoted(text: string): string {
  return `'${oneLine(text).replace(/[\\']/g, '\\$&')}'`;
}
