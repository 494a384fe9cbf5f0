// Files that say whose they are by a pid: removed only by their owner, because a successor may have the name by now.

import { readFileSync, unlinkSync } from 'node:fs';
import type { OwnFiles } from '../protocol/keeper-words.js';

/** Whatever cannot be removed stays: somebody tidies up later. */
export function removeOwned({ pidFile, entry, socket }: OwnFiles): void {
  if (holds(pidFile, text => Number(text.trim()))) remove(pidFile);
  if (!holds(entry, text => (JSON.parse(text) as { pid?: unknown }).pid)) return;
  remove(socket);
  remove(entry);
}

function holds(path: string | undefined, pidOf: (text: string) => unknown): boolean {
  try {
    return path !== undefined && pidOf(readFileSync(path, 'utf8')) === process.pid;
  } catch {
    return false;
  }
}

function remove(path: string | undefined): void {
  try {
    unlinkSync(path ?? '');
  } catch {}
}
