// A pid file: refuses a second start, is removed only while it is still ours.

import { existsSync, mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterError, messageOf } from '../errors.js';
import { commandOf } from './port-owner.js';
import { isAlive } from './process-tree.js';

export interface PidFile {
  /** Undefined when it is gone, else why it was kept. */
  remove(): string | undefined;
}

/** @param pid to be written: ours, or our keeper's. Throws ERR_ALREADY_RUNNING when it names a live process, ERR_PID_FILE when it cannot be written. */
export function writePidFile(path: string, pid: number): PidFile {
  try {
    makeFolder(dirname(path));
    claim(path, pid);
  } catch (cause) {
    if (cause instanceof ClusterError) throw cause;
    throw new ClusterError('ERR_PID_FILE', `The pid file ${path} cannot be written (${messageOf(cause)}). Choose another with --pid-file.`, {
      cause,
      details: { path },
    });
  }
  return { remove: () => removeOwn(path, pid) };
}

/** Not mkdir's `recursive`, which never ends where the system refuses with ENOENT (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
}

/** `wx` decides a race of two starts; a stale file is replaced whole, by rename. */
function claim(path: string, pid: number): void {
  try {
    writeFileSync(path, String(pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = readPid(path);
    if (holder !== undefined && holder !== pid && isAlive(holder)) throw alreadyRunning(path, holder);
    const fresh = `${path}.${process.pid}`;
    writeFileSync(fresh, String(pid));
    try {
      renameSync(fresh, path);
    } catch (error_) {
      unlinkSync(fresh);
      throw error_;
    }
  }
}

function alreadyRunning(path: string, pid: number): ClusterError {
  const message = `Already running: the pid file ${path} names the live process ${pid} (${commandOf(pid)}). Stop it first, or use another pid file.`;
  return new ClusterError('ERR_ALREADY_RUNNING', message, { details: { path, pid } });
}

function removeOwn(path: string, pid: number): string | undefined {
  try {
    if (readPid(path) !== pid) return 'it does not hold our pid any more';
    unlinkSync(path);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function readPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
