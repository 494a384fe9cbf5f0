// Small files that are written whole or not at all, and may be read while somebody else replaces them.

import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { wallClockMs } from './clock.js';

const OURS_ALONE = 0o600;
/** A registry entry has some hundred bytes. What is larger is none, and is not read. */
const MOST_BYTES = 64 * 2 ** 10;

export function writeWhole(path: string, text: string): void {
  const fresh = freshName(path);
  try {
    writeFileSync(fresh, text, { mode: OURS_ALONE, flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    removeFile(fresh);
    throw error;
  }
}

/** A file of somebody else's: it keeps its mode and its owner, a symbolic link stays one, and it is on the disk when this returns. */
export function replaceWhole(path: string, text: string): void {
  const before = statSync(path, { throwIfNoEntry: false });
  const target = before === undefined ? path : realpathSync(path);
  const fresh = freshName(target);
  try {
    writeSynced(fresh, text, before);
    renameSync(fresh, target);
  } catch (error) {
    removeFile(fresh);
    throw error;
  }
  syncFolder(dirname(target));
}

function writeSynced(path: string, text: string, as: Stats | undefined): void {
  const fd = openSync(path, 'wx', OURS_ALONE);
  try {
    writeFileSync(fd, text);
    if (as !== undefined) takeAfter(fd, as);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whoever may not give a file away owns it from now on, as after any editor's save. */
function takeAfter(fd: number, { mode, uid, gid }: Stats): void {
  try {
    fchownSync(fd, uid, gid);
  } catch {}
  fchmodSync(fd, mode & 0o7777);
}

function syncFolder(path: string): void {
  try {
    const fd = openSync(path, 'r');
    fsyncSync(fd);
    closeSync(fd);
  } catch {} // Not every system opens folders.
}

/** Writes it whole unless it is there already: of many that try at once one wins. */
export function createWhole(path: string, text: string, mode = OURS_ALONE): boolean {
  const fresh = freshName(path);
  try {
    writeFileSync(fresh, text, { mode, flag: 'wx' });
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    removeFile(fresh);
  }
}

/** Undefined when it is not there, cannot be read, or is too large to be what it should be. */
export function readWhole(path: string): string | undefined {
  return readTextWithin(path, MOST_BYTES);
}

export function readTextWithin(path: string, mostBytes: number): string | undefined {
  try {
    const facts = statSync(path);
    return !facts.isFile() || facts.size > mostBytes ? undefined : readFileSync(path, 'utf8'); // A pipe would be waited for.
  } catch {
    return undefined;
  }
}

/** Undefined when it is not there. */
export function fileFacts(path: string): { readonly inode: number; readonly bytes: number } | undefined {
  try {
    const { ino, size } = statSync(path);
    return { inode: ino, bytes: size };
  } catch {
    return undefined;
  }
}

export function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

export function fileNames(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

export const renameFile = (from: string, to: string): void => renameSync(from, to);

let serial = 0;
const freshName = (path: string) => `${path}.${process.pid}.${wallClockMs().toString(36)}${serial++}.tmp`;

/** Milliseconds since 1970; undefined when it is not there. */
export function modifiedAtMs(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}
