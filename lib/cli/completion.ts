// `app-cluster completion SHELL`: the script that makes a shell complete commands, options, files and names of running instances.

import { bashScript } from './completion/bash.js';
import { fishScript } from './completion/fish.js';
import type { CompletionSpec } from './completion/spec.js';
import { zshScript } from './completion/zsh.js';

export type { CompletionCommand, CompletionOption, CompletionSpec } from './completion/spec.js';

export type CompletionShell = 'bash' | 'zsh' | 'fish';

const SCRIPTS: Readonly<Record<CompletionShell, (program: CompletionSpec) => string>> = { bash: bashScript, zsh: zshScript, fish: fishScript };

/** For the command line's choices. */
export const COMPLETION_SHELLS = Object.keys(SCRIPTS) as readonly CompletionShell[];

export function completionScript(shell: CompletionShell, program: CompletionSpec): string {
  return SCRIPTS[shell](program);
}
