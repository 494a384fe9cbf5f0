// Finds and ends what a child left behind: its descendants, known by a mark in their environment.

import { readdirSync, readFileSync } from 'node:fs';
import { MARK_VARIABLE } from '../protocol/words.js';
import { type Clock, pause } from './clock.js';

const POLL_MS = 25;

/**
 * Live processes whose initial environment carries the mark, this process excepted. Inherited by every descendant, so
 * found even after its parent died. Reads /proc: elsewhere the list is empty.
 * @param mark a whole mark, or the beginning that all children of one master share
 */
export function marked(mark: string): number[] {
  const needle = `${MARK_VARIABLE}=${mark}`;
  return processIds().filter(
    pid => pid !== process.pid && environmentOf(pid).some(entry => entry === needle || entry.startsWith(`${needle}.`)) && isAlive(pid),
  );
}

/** SIGTERM, then SIGKILL for what is left after `graceMs`. Resolves with how many had to be killed. */
export async function sweep(mark: string, graceMs: number, clock: Clock): Promise<number> {
  const started = clock.now();
  signalAll(marked(mark), 'SIGTERM');
  let left = marked(mark);
  while (left.length > 0 && clock.now() - started < graceMs) {
    await pause(clock, POLL_MS);
    left = marked(mark);
  }
  signalAll(left, 'SIGKILL');
  return left.length;
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {} // Gone meanwhile.
  }
}

/** `kill(pid, 0)` succeeds for a zombie too. */
export function isAlive(pid: number): boolean {
  if (process.platform !== 'linux') return signalReaches(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // Not ours to read, or gone.
  }
}
