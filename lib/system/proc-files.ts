// Small files and folders of /proc and /sys: read at once, and never an exception, because any of them may be missing or forbidden.

import { readdirSync, readFileSync } from 'node:fs';

/** How parsers are given files: undefined for one that is missing or not ours to read. */
export type ReadText = (path: string) => string | undefined;

export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The numbers among the names of a folder: pids in /proc, descriptors in /proc/PID/fd. */
export function numericNames(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}
