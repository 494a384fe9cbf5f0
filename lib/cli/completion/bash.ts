// Completion for bash 3.2 and later, without the package bash-completion. Bash shows no descriptions.

import { argumentKind, type CompletionCommand, type CompletionSpec, flagsOf, LIST_NAMES, posixQuoted } from './spec.js';

export function bashScript({ commands }: CompletionSpec): string {
  return `# Completion of app-cluster for bash. In ~/.bashrc: eval "$(app-cluster completion bash)"
${OFFER}
_app_cluster() {
  local word="\${2-\${COMP_WORDS[COMP_CWORD]}}" previous="\${COMP_WORDS[COMP_CWORD-1]}" line="\${COMP_LINE-}"
  local flags=() values=() arguments=none typed name
  COMPREPLY=()
  # Bash breaks words at = : and @ and replaces the last piece only; the whole word is in the line.
  line="\${line:0:\${COMP_POINT:-\${#line}}}"
  typed="\${line##*[[:space:]]}"
  [[ -n $typed && $typed == *"$word" ]] || typed="$word"
  if (( COMP_CWORD < 2 )); then
    compopt +o default 2>/dev/null
    _app_cluster_offer ${commands.map(({ name }) => posixQuoted(name)).join(' ')}
    return
  fi
  case "\${COMP_WORDS[1]}" in
${commands.map(caseOf).join('\n')}
  esac
  # Nothing offered where a file may stand: bash completes it by itself.
  for name in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $name == -- ]] && return; done
  [[ $typed == -*=* ]] && return
  for name in \${values[@]+"\${values[@]}"}; do [[ $name == "$previous" ]] && return; done
  if [[ $typed == -* ]]; then
    compopt +o default 2>/dev/null
    _app_cluster_offer \${flags[@]+"\${flags[@]}"}
  elif [[ $arguments != files ]]; then
    compopt +o default 2>/dev/null
    [[ $arguments == names ]] || return
    while IFS= read -r name; do
      [[ -n $name ]] && printf -v name %q "$name" && _app_cluster_offer "$name"
    done < <(${LIST_NAMES} 2>/dev/null)
  fi
}
complete -o default -F _app_cluster app-cluster
`;
}

/** Not compgen -W: it would expand what stands in a name. */
const OFFER = `_app_cluster_offer() {
  local candidate before="\${typed%"$word"}"
  for candidate in "$@"; do
    if [[ $candidate == "$typed"* ]]; then COMPREPLY+=("\${candidate#"$before"}"); fi
  done
}`;

function caseOf(command: CompletionCommand): string {
  const list = (flags: ReturnType<typeof flagsOf>) => flags.map(({ spelling }) => posixQuoted(spelling)).join(' ');
  const values = flagsOf(command, ({ takesValue }) => takesValue);
  return `    ${posixQuoted(command.name)}) arguments=${argumentKind(command)} flags=(${list(flagsOf(command))}) values=(${list(values)}) ;;`;
}
