// The agent: one forked child_process.

import { fork } from 'node:child_process';
import { ChildChannel } from './child-channel.js';
import { environmentWith, isDaemon } from './environment.js';
import { failedFork } from './failed-fork.js';
import type { ForkedChild, Forker, ForkPlan, ProgramCommand } from './forker.js';

/** Into pipes, for the logger; else as it is inherited. A daemon that records nothing has nowhere to write to: its file would grow for ever. */
export function outputStdio(isRecorded: boolean | undefined): 'inherit' | 'pipe' | 'ignore' {
  return isRecorded ? 'pipe' : isDaemon() ? 'ignore' : 'inherit';
}

export function childStdio(isRecorded: boolean | undefined): ('inherit' | 'pipe' | 'ignore' | 'ipc')[] {
  const output = outputStdio(isRecorded);
  return ['inherit', output, output, 'ipc'];
}

export class ProcessForker implements Forker {
  readonly #command: ProgramCommand;

  constructor(command: ProgramCommand) {
    this.#command = command;
  }

  fork(plan: ForkPlan): ForkedChild {
    try {
      return this.#fork(plan);
    } catch (error) {
      return failedFork(error, plan.mark);
    }
  }

  #fork({ env, mark }: ForkPlan): ChildChannel {
    const { file, args, execArgv, cwd, isRecorded, runAs } = this.#command;
    const forked = fork(file, [...args], {
      execArgv: [...execArgv],
      env: environmentWith({ ...this.#command.env, ...env, APP_CLUSTER_CHILD: mark }),
      stdio: childStdio(isRecorded),
      ...(cwd === undefined ? {} : { cwd }),
      ...runAs,
    });
    let state = 'none';
    forked.once('spawn', () => {
      state = 'online';
    });
    forked.once('exit', () => {
      state = 'dead';
    });
    return new ChildChannel(forked, mark, () => state);
  }
}
