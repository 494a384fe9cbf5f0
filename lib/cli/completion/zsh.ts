// Completion for zsh: by eval, or as a file _app-cluster in a folder of $fpath.

import { argumentKind, type CompletionCommand, type CompletionSpec, flagsOf, LIST_NAMES, oneLine, posixQuoted } from './spec.js';

export function zshScript({ commands }: CompletionSpec): string {
  return `#compdef app-cluster
# Completion of app-cluster for zsh. In ~/.zshrc: eval "$(app-cluster completion zsh)"
_app-cluster() {
  local -a offered values names
  local arguments=none
  if (( CURRENT == 2 )); then
    offered=(${commands.map(({ name, summary }) => described(name, summary)).join(' ')})
    _describe -t commands command offered
    return
  fi
  case $words[2] in
${commands.map(caseOf).join('\n')}
  esac
  if (( $words[(I)--] > 0 && $words[(I)--] < CURRENT )); then
    _files
  elif [[ $PREFIX == -*=* ]]; then
    compset -P 1 '*='
    _files
  elif (( $values[(Ie)$words[CURRENT-1]] )); then
    _files
  elif [[ $PREFIX == -* ]]; then
    _describe -o -t options option offered
  elif [[ $arguments == files ]]; then
    _files
  elif [[ $arguments == names ]]; then
    names=(\${(f)"$(${LIST_NAMES} 2>/dev/null)"})
    compadd -a names
  fi
}
if [[ $funcstack[1] == _app-cluster ]]; then
  _app-cluster "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
  compdef _app-cluster app-cluster
fi
`;
}

/** _describe splits at the first colon that has no backslash. */
function described(word: string, description: string): string {
  const escaped = (text: string) => oneLine(text).replace(/[\\:]/g, '\\$&');
  return posixQuoted(`${escaped(word)}:${escaped(description)}`);
}

function caseOf(command: CompletionCommand): string {
  const offered = flagsOf(command).map(({ spelling, description }) => described(spelling, description));
  const values = flagsOf(command, ({ takesValue }) => takesValue).map(({ spelling }) => posixQuoted(spelling));
  return `    ${posixQuoted(command.name)}) arguments=${argumentKind(command)} offered=(${offered.join(' ')}) values=(${values.join(' ')}) ;;`;
}
