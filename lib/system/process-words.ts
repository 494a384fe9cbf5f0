// How a process was started, and where.

import { readlinkSync } from 'node:fs';
import { readText } from './proc-files.js';

/** Its command line; empty when it is gone, or not to be seen. */
export function wordsOf(pid: number): readonly string[] {
  return (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(Boolean);
}

export function workingFolderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
