// What a command of the user's writes, within a limit of time and size.

import { spawn } from 'node:child_process';
import { messageOf } from '../errors.js';
import { systemClock } from './clock.js';
import { environmentWith } from './environment.js';
import { findExecutable } from './program-forker.js';

export interface CommandCall {
  readonly command: readonly string[];
  readonly cwd: string;
  /** Besides this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly limitMs: number;
  /** What it says on stderr is for whoever called us. Default: nobody's. */
  readonly showsErrors?: boolean;
}

/** Its output, or in a few words why there is none. */
export type CommandOutput = { readonly text: string } | { readonly failure: string; readonly said?: string };

const MOST_BYTES = 2 ** 20;

/** Never rejects. Beyond the limit it is killed, and everybody it has started in its group. */
export function outputOf(call: CommandCall): Promise<CommandOutput> {
  const [program = '', ...args] = call.command;
  const file = findExecutable(program, call.cwd);
  if (file === undefined) return Promise.resolve({ failure: `there is no program ${program}` });
  const [executable, ...before] = /\.[cm]?[jt]s$/.test(file) ? [process.execPath, file] : [file];
  return collected(executable, [...before, ...args], call).catch(error => ({ failure: messageOf(error) }));
}

function collected(file: string, args: readonly string[], { cwd, environment, limitMs, showsErrors = false }: CommandCall): Promise<CommandOutput> {
  return new Promise(settle => {
    const child = spawn(file, args, {
      cwd,
      env: environmentWith(environment),
      stdio: ['ignore', 'pipe', showsErrors ? 'inherit' : 'ignore'],
      detached: true,
      windowsHide: true,
    });
    let text = '';
    const end = (output: CommandOutput): void => {
      cancel();
      child.stdout.destroy();
      settle(output);
    };
    const giveUp = (failure: string): void => {
      killGroup(child.pid);
      end({ failure });
    };
    const cancel = systemClock.after(limitMs, () => giveUp(`it did not end within ${limitMs / 1_000} s`));
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MOST_BYTES) giveUp('it writes without end');
    });
    child.once('error', error => end({ failure: messageOf(error) }));
    child.once('close', (code, signal) => end(code === 0 ? { text } : { failure: `it ended with ${signal ?? `exit code ${code}`}`, said: text }));
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {} // Gone by itself, or Windows, which has no groups.
}
