// Files that say whose they are by a pid: removed only by their owner.

import { readFileSync, statSync, unlinkSync } from 'node:fs';

/** A pid file, a registry entry, or a socket. Whatever cannot be removed stays: somebody tidies up later. */
export function removeOwned(path: string): void {
  try {
    if (statSync(path).isSocket() || isOurs(readFileSync(path, 'utf8'))) unlinkSync(path);
  } catch {}
}

function isOurs(text: string): boolean {
  if (Number(text.trim()) === process.pid) return true;
  const { pid } = JSON.parse(text) as { pid?: unknown };
  return pid === process.pid;
}
