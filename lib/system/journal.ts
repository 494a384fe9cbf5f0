// A file of JSON lines that is only added to, bounded: what must still be known when the process is gone.

import { appendFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { privateFolder } from './private-folder.js';
import { fileFacts, readTextWithin } from './whole-files.js';

const MOST_BYTES = 2 ** 20;

/** Two files at most: this one, and the one before. A disk that is full loses the line. */
export function addToJournal(path: string, item: unknown): void {
  try {
    privateFolder(dirname(path));
    if ((fileFacts(path)?.bytes ?? 0) > MOST_BYTES) renameSync(path, `${path}.1`);
    appendFileSync(path, `${JSON.stringify(item)}\n`, { mode: 0o600 });
  } catch {} // What happened is in the log as well.
}

/** Oldest first; lines that are none are left out. */
export function readJournal(path: string): readonly Record<string, unknown>[] {
  const text = [`${path}.1`, path].map(file => readTextWithin(file, 4 * MOST_BYTES) ?? '').join('');
  return text.split('\n').flatMap(line => parsed(line));
}

function parsed(line: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? [{ ...value }] : [];
  } catch {
    return [];
  }
}
