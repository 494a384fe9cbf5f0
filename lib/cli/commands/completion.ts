// app-cluster completion bash|zsh|fish

import { ClusterError } from '../../errors.js';
import { print } from '../../system/last-resort.js';
import type { CommandSpec } from '../command.js';
import { COMPLETION_SHELLS, type CompletionShell, type CompletionSpec, completionScript } from '../completion.js';

export const completion = (spec: () => CompletionSpec): CommandSpec => ({
  name: 'completion',
  summary: 'Print the completion script of a shell: eval "$(app-cluster completion bash)"',
  args: [['<shell>', COMPLETION_SHELLS.join(', ')]],
  run: async ([shell]) => {
    if (!COMPLETION_SHELLS.includes(shell as CompletionShell))
      throw new ClusterError('ERR_INVALID_ARGUMENTS', `completion: should be ${COMPLETION_SHELLS.join(', ')}, got ${JSON.stringify(shell)}`);
    print(completionScript(shell as CompletionShell, spec()));
    return 0;
  },
});
