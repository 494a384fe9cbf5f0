// A lock that is a file naming its holder. One of a dead process is broken: moved away, and looked at once more before it is dropped.

import { ClusterError } from '../errors.js';
import { pause, systemClock } from './clock.js';
import { ownPid, uniqueName } from './environment.js';
import { type Identity, identityOf, stillIs } from './process-identity.js';
import { waitSync } from './wait-sync.js';
import { createWhole, readWhole, removeFile, renameFile } from './whole-files.js';

/** What is done under it takes milliseconds; a lock that lasts longer is somebody's that hangs. */
const LOCK_MS = 3_000;
const LOCK_POLL_MS = 5;

/** Throws ERR_ALREADY_RUNNING when somebody alive keeps it for too long. */
export function withFileLock<T>(path: string, holder: Identity, action: () => T): T {
  for (let waited = 0; !isTaken(path, holder, waited); waited += LOCK_POLL_MS) waitSync(LOCK_POLL_MS);
  try {
    return action();
  } finally {
    removeFile(path);
  }
}

/** The same for what takes turns of the event loop; within this process too only one at a time. */
export async function withFileLockAsync<T>(path: string, action: () => Promise<T>): Promise<T> {
  const before = tails.get(path) ?? Promise.resolve();
  const done = before.then(() => locked(path, action));
  tails.set(
    path,
    done.catch(() => {}),
  );
  return done;
}
const tails = new Map<string, Promise<unknown>>();

async function locked<T>(path: string, action: () => Promise<T>): Promise<T> {
  const holder = identityOf(ownPid());
  const startedAt = systemClock.now();
  while (holder !== undefined && !isTaken(path, holder, systemClock.now() - startedAt)) await pause(systemClock, LOCK_POLL_MS);
  try {
    return await action();
  } finally {
    removeFile(path);
  }
}

function isTaken(path: string, holder: Identity, waitedMs: number): boolean {
  if (createWhole(path, JSON.stringify(holder))) return true;
  const seen = readWhole(path);
  if (seen !== undefined && !isHeld(seen)) breakLock(path, seen);
  else if (waitedMs > LOCK_MS) throw new ClusterError('ERR_ALREADY_RUNNING', `Somebody else keeps ${path}: ${seen}. Try again.`);
  return false;
}

/** True: it was a dead process's, and is removed. */
export function breakIfStale(path: string): boolean {
  const seen = readWhole(path);
  return seen !== undefined && !isHeld(seen) && breakLock(path, seen);
}

function isHeld(lock: string | undefined): boolean {
  try {
    return stillIs(JSON.parse(lock ?? '') as Identity);
  } catch {
    return false;
  }
}

/** False when it had been taken anew meanwhile. */
function breakLock(path: string, seen: string): boolean {
  const aside = `${path}.${uniqueName()}`;
  try {
    renameFile(path, aside);
  } catch {
    return false; // Somebody else did.
  }
  const moved = readWhole(aside) ?? '';
  const isSame = moved === seen;
  if (!isSame) createWhole(path, moved); // Given back.
  removeFile(aside);
  return isSame;
}
