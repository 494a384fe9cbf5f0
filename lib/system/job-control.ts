// Whether this process is a job of a shell's terminal, and in the background there.

import { isatty } from 'node:tty';
import { readText } from './proc-files.js';

const STDIN = 0;
const OUTPUTS = [1, 2];

/** A background job of a terminal that is its stdin: the kernel may have sent its SIGTTIN and SIGTTOU. Reads /proc: elsewhere false. */
export function isBackgroundJob(): boolean {
  return isatty(STDIN) && isInBackground(readText('/proc/self/stat') ?? '');
}

export function writesToTerminal(): boolean {
  return OUTPUTS.some(descriptor => isatty(descriptor));
}

/** It has a controlling terminal, and another process group is in its foreground (fields 5, 7 and 8 of proc_pid_stat(5)). */
export function isInBackground(stat: string): boolean {
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return terminal !== undefined && terminal !== '0' && group !== foreground;
}
