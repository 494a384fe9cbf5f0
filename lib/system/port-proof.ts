// Whether whoever listens on a port is ours. The kernel's table is read for all who ask within a moment; who holds a socket is looked up
// only when it is not the one that was proven before.

import { systemClock } from './clock.js';
import type { ListeningSocket } from './port-tables.js';
import { inodeAt, listeningSockets, type OpenSocket, openSocketsOf, socketHolders } from './proc-sockets.js';

/** `unknown`: the system does not tell, or another network namespace answers. */
export type PortVerdict = 'ours' | 'foreign' | 'unknown';

const FRESH_MS = 10;
const WILDCARDS = ['0.0.0.0', '::'];

let table: { readonly atMs: number; readonly sockets: readonly ListeningSocket[] } | undefined;

function socketsOn(port: number, freshMs = FRESH_MS): readonly ListeningSocket[] {
  const now = systemClock.now();
  if (table === undefined || now - table.atMs >= freshMs) table = { atMs: now, sockets: listeningSockets() };
  const found = table.sockets.filter(socket => socket.port === port);
  return found.length === 0 && freshMs > 0 ? socketsOn(port, 0) : found; // It may have been opened since.
}

/** Of one service: remembers which socket it had. */
export class PortProof {
  #proven: OpenSocket | undefined;

  /** The inode of the socket that was the service's. */
  get proven(): string | undefined {
    return this.#proven?.inode;
  }

  /** Its process holds the very socket that was proven: whoever connects is accepted by the kernel, unless too many wait. */
  get isHeld(): boolean {
    return this.#proven !== undefined && inodeAt(this.#proven.link) === this.#proven.inode;
  }

  /**
   * @param likely who it should be: looked at before everybody else
   * @param isOurs whether that process belongs to the service
   */
  verdict(port: number, host: string, likely: number, isOurs: (pid: number) => boolean): PortVerdict {
    if (this.isHeld) return 'ours';
    const verdict = this.#look(socketsOn(port), host, likely, isOurs);
    return verdict === 'foreign' ? this.#look(socketsOn(port, 0), host, likely, isOurs) : verdict; // It may have been closed since.
  }

  #look(all: readonly ListeningSocket[], host: string, likely: number, isOurs: (pid: number) => boolean): PortVerdict {
    const exact = all.filter(({ address }) => address === host || WILDCARDS.includes(address));
    const inodes = new Set((exact.length > 0 ? exact : all).map(({ inode }) => inode));
    if (inodes.size === 0) return 'unknown';
    const socketOf = (pid: number) => openSocketsOf(pid).find(({ inode }) => inodes.has(inode));
    this.#proven = (isOurs(likely) ? socketOf(likely) : undefined) ?? ours(inodes, isOurs, socketOf);
    return this.#proven === undefined ? 'foreign' : 'ours';
  }
}

function ours(inodes: ReadonlySet<string>, isOurs: (pid: number) => boolean, socketOf: (pid: number) => OpenSocket | undefined): OpenSocket | undefined {
  const holder = [...socketHolders(inodes).values()].flat().find(isOurs);
  return holder === undefined ? undefined : socketOf(holder);
}
