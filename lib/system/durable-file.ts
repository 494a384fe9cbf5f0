// Small files that survive a power cut: written beside, synced, renamed, and the folder synced too. The one before is kept as `.bak`.

import { copyFile, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readWhole } from './whole-files.js';

const OURS_ALONE = 0o600;
const MOST_BYTES = 64 * 2 ** 10;

export const backupOf = (path: string): string => `${path}.bak`;

/**
 * One writer per path at a time. Rejects when there is no room or no right; then the old one is still there.
 * @param isSound whether what stands there is worth keeping: garbage must not replace a good backup
 */
export async function writeDurable(path: string, text: string, isSound: (before: string) => boolean = () => true): Promise<void> {
  const fresh = `${path}.new`;
  try {
    await writeSynced(fresh, text);
    const before = readWhole(path);
    if (before !== undefined && isSound(before)) await rename(await copied(path), backupOf(path));
    await rename(fresh, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await unlink(fresh).catch(() => {});
    throw error;
  }
}

async function copied(path: string): Promise<string> {
  const copy = `${backupOf(path)}.new`;
  await copyFile(path, copy);
  return copy;
}

async function writeSynced(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', OURS_ALONE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename is on the disk when its folder is (fsync(2)). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined); // Windows has no such thing.
  await handle?.sync().catch(() => {});
  await handle?.close();
}

export interface DurableText<T> {
  readonly value: T;
  /** The file itself was cut, empty or garbage: this is the one before. */
  readonly isBackup: boolean;
}

/**
 * @param parse undefined for what it is not
 * @returns undefined when there is neither, `broken` when there is something, and nothing of it can be read
 */
export function readDurable<T>(path: string, parse: (text: string) => T | undefined): DurableText<T> | 'broken' | undefined {
  const texts = [readWhole(path), readWhole(backupOf(path))];
  const values = texts.map(text => (text === undefined || text.length > MOST_BYTES ? undefined : parse(text)));
  const [value, before] = values;
  if (value !== undefined) return { value, isBackup: false };
  if (before !== undefined) return { value: before, isBackup: true };
  return texts.every(text => text === undefined) ? undefined : 'broken';
}
