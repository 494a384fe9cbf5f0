// Which port is meant for which service: a book that all supervisors of one run root share, under its lock. A reservation ends with its supervisor.

import { join } from 'node:path';
import { isClusterError } from '../errors.js';
import { withFileLockAsync } from '../system/file-lock.js';
import { privateFolder, runRoot } from '../system/private-folder.js';
import { type Identity, stillIs } from '../system/process-identity.js';
import { readTextWithin, removeFile, writeWhole } from '../system/whole-files.js';

const MOST_BYTES = 4 * 2 ** 20;

export interface Reservation {
  readonly port: number;
  readonly host: string;
  /** `SUP/SVC`. */
  readonly service: string;
  /** Of the supervisor; its reservations end with it. */
  readonly holder: Identity;
}

export interface Entered<T> {
  readonly keep: readonly Reservation[];
  readonly result: T;
}

/** Names no folder of an instance: the registry reads `.json` only. */
const bookFile = () => join(runRoot(), 'ports.book');

/** @param act is given those of supervisors that live, and says which stay */
export async function inPortBook<T>(act: Act<T>): Promise<T> {
  try {
    return await inLockedBook(act);
  } catch (error) {
    if (isClusterError(error)) throw error;
    return (await act(read())).result; // The disk is full: no reason not to start anything. Who has what is in the claims, too.
  }
}

type Act<T> = (all: readonly Reservation[]) => Promise<Entered<T>>;

function inLockedBook<T>(act: Act<T>): Promise<T> {
  privateFolder(runRoot());
  return withFileLockAsync(`${bookFile()}.lock`, async () => {
    const before = read();
    const { keep, result } = await act(before.filter(isHeld()));
    if (keep.length > 0) writeWhole(bookFile(), JSON.stringify(keep));
    else if (before.length > 0) removeFile(bookFile());
    return result;
  });
}

/** Those of supervisors that are gone. */
export function deadReservations(): readonly Reservation[] {
  const isHeldNow = isHeld();
  return read().filter(reservation => !isHeldNow(reservation));
}

/** Many are one supervisor's: it is looked at once. */
function isHeld(): (reservation: Reservation) => boolean {
  const known = new Map<string, boolean>();
  return ({ holder }) => {
    const key = `${holder.pid} ${holder.startTime} ${holder.bootId}`;
    const isAlive = known.get(key) ?? stillIs(holder);
    known.set(key, isAlive);
    return isAlive;
  };
}

/** Returns what it removed. */
export async function removeDeadReservations(): Promise<readonly Reservation[]> {
  const dead = deadReservations();
  if (dead.length > 0) await inPortBook(async keep => ({ keep, result: undefined }));
  return dead;
}

function read(): readonly Reservation[] {
  try {
    const all: unknown = JSON.parse(readTextWithin(bookFile(), MOST_BYTES) ?? '[]');
    return Array.isArray(all) ? (all as Reservation[]).filter(isReservation) : [];
  } catch {
    return []; // Cut: what is in use is found by binding.
  }
}

const isReservation = (entry: Partial<Reservation> | null): boolean =>
  typeof entry?.port === 'number' && typeof entry.service === 'string' && typeof entry.host === 'string' && typeof entry.holder?.pid === 'number';
