// Which service has which port: reserved before it is started, in a book that all supervisors of this user share, and claimed for all of the
// machine.

import { inPortBook, type Reservation } from '../control/port-reservations.js';
import { ClusterError } from '../errors.js';
import { portCandidates } from '../lifecycle/port-candidates.js';
import type { PortWish } from '../protocol/service-spec.js';
import { ownPid } from '../system/environment.js';
import { isPortTaken } from '../system/free-port.js';
import { claimPort, type PortClaim } from '../system/port-claim.js';
import { portOwner } from '../system/port-owner.js';
import { type Identity, identityOf } from '../system/process-identity.js';

export interface PortQuestion {
  readonly service: string;
  readonly host: string;
  readonly wish: PortWish;
  /** Of its instance that runs already: its own listening does not make it taken. */
  readonly running?: number | undefined;
  readonly last?: number | undefined;
}

/**
 * Reserves the first candidate that is neither reserved nor in use.
 * @throws {ClusterError} ERR_ADDRESS_IN_USE for a fixed port, naming who has it; ERR_NO_FREE_PORT
 */
export function assignPort(question: PortQuestion): Promise<number> {
  const { service, host, wish, running, last } = question;
  return inPortBook(async all => {
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
  return inPortBook(async all => ({ keep: all.filter(entry => entry.service !== service), result: undefined }));
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
