// Which service has which port: reserved before it is started, in a book that all supervisors of this user share, under its lock, and claimed
// for all of the machine.

import { join } from 'node:path';
import { ClusterError, isClusterError } from '../errors.js';
import { portCandidates } from '../lifecycle/port-candidates.js';
import type { PortWish } from '../protocol/service-spec.js';
import { ownPid } from '../system/environment.js';
import { withFileLockAsync } from '../system/file-lock.js';
import { isPortTaken } from '../system/free-port.js';
import { claimPort, type PortClaim } from '../system/port-claim.js';
import { portOwner } from '../system/port-owner.js';
import { privateFolder, runRoot } from '../system/private-folder.js';
import { type Identity, identityOf, stillIs } from '../system/process-identity.js';
import { readTextWithin, removeFile, writeWhole } from '../system/whole-files.js';

const MOST_BYTES = 4 * 2 ** 20;

interface Reservation {
  readonly port: number;
  readonly host: string;
  /** `SUP/SVC`. */
  readonly service: string;
  /** Of the supervisor; its reservations end with it. */
  readonly holder: Identity;
}

export interface PortQuestion {
  readonly service: string;
  readonly host: string;
  readonly wish: PortWish;
  /** Of its instance that runs already: its own listening does not make it taken. */
  readonly running?: number | undefined;
  readonly last?: number | undefined;
}

/** Names no folder of an instance: the registry reads `.json` only. */
const bookFile = () => join(runRoot(), 'ports.book');

/**
 * Reserves the first candidate that is neither reserved nor in use.
 * @throws {ClusterError} ERR_ADDRESS_IN_USE for a fixed port, naming who has it; ERR_NO_FREE_PORT
 */
export function assignPort(question: PortQuestion): Promise<number> {
  const { service, host, wish, running, last } = question;
  return inBook(async all => {
    const others = all.filter(entry => entry.service !== service);
    for (const port of portCandidates({ ...wish, running, last })) {
      const reserved = others.find(entry => entry.port === port && (entry.host === host || isWild(entry.host) || isWild(host)));
      const isFree = reserved === undefined && (port === running || !(await isPortTaken(port, host))) && (await isClaimed(service, port, wish.isFixed));
      if (isFree) return { keep: [...others, { port, host, service, holder: own() }], result: port };
      if (wish.isFixed) throw taken(question, port, reserved);
    }
    throw new ClusterError(
      'ERR_NO_FREE_PORT',
      `${service}: no port from ${wish.from} to ${wish.to} is free on ${host}. Give it another range (port: {from, to}).`,
    );
  });
}

/** A reservation ends when the service stops. */
export function releasePort(service: string): Promise<void> {
  dropClaim(service);
  return inBook(async all => ({ keep: all.filter(entry => entry.service !== service), result: undefined }));
}

/** Supervisors of other users, or with another home, have a book of their own. */
const claims = new Map<string, { readonly port: number; readonly claim: PortClaim }>();

/** A fixed port is nobody else's choice: binding it decides. */
async function isClaimed(service: string, port: number, isFixed: boolean): Promise<boolean> {
  const held = claims.get(service);
  if (held?.port === port) return true;
  const claim = await claimPort(port);
  if (claim === undefined) return isFixed;
  dropClaim(service);
  claims.set(service, { port, claim });
  return true;
}

function dropClaim(service: string): void {
  claims.get(service)?.claim.release();
  claims.delete(service);
}

const isWild = (host: string) => host === '0.0.0.0' || host === '::';

function taken({ service, host }: PortQuestion, port: number, reserved: Reservation | undefined): ClusterError {
  const holder = reserved === undefined ? portOwner(port) : `the service ${reserved.service}`;
  return new ClusterError('ERR_ADDRESS_IN_USE', `${service}: port ${port} on ${host} is taken by ${holder}. End that, or give the service another port.`, {
    details: { service, port, host },
  });
}

function own(): Identity {
  const identity = identityOf(ownPid());
  if (identity === undefined) throw new ClusterError('ERR_INTERNAL', 'this process cannot be told from others: its start time is not known');
  return identity;
}

type Act<T> = (all: readonly Reservation[]) => Promise<{ readonly keep: readonly Reservation[]; readonly result: T }>;

async function inBook<T>(act: Act<T>): Promise<T> {
  try {
    return await inLockedBook(act);
  } catch (error) {
    if (isClusterError(error)) throw error;
    return (await act(read())).result; // The disk is full: no reason not to start anything. Who has what is in the claims, too.
  }
}

function inLockedBook<T>(act: Act<T>): Promise<T> {
  privateFolder(runRoot());
  return withFileLockAsync(`${bookFile()}.lock`, async () => {
    const before = read();
    const { keep, result } = await act(before.filter(({ holder }) => stillIs(holder)));
    if (keep.length > 0) writeWhole(bookFile(), JSON.stringify(keep));
    else removeFile(bookFile());
    return result;
  });
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
