// Whether whoever listens on a port is ours. The kernel's table is read for all who ask within a moment; who holds a socket is looked up
// only when it is not the one that was proven before.

import { systemClock } from './clock.js';
import type { ListeningSocket } from './port-tables.js';
import { listeningSockets, socketHolders } from './proc-sockets.js';

/** `unknown`: the system does not tell, or another network namespace answers. */
export type PortVerdict = 'ours' | 'foreign' | 'unknown';

const FRESH_MS = 100;
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
  #proven: string | undefined;

  /** The inode of the socket that was the service's. */
  get proven(): string | undefined {
    return this.#proven;
  }

  /** @param isOurs whether that process belongs to the service */
  verdict(port: number, host: string, isOurs: (pid: number) => boolean): PortVerdict {
    const all = socketsOn(port);
    const exact = all.filter(({ address }) => address === host || WILDCARDS.includes(address));
    const inodes = (exact.length > 0 ? exact : all).map(({ inode }) => inode);
    if (inodes.length === 0) return 'unknown';
    if (this.#proven !== undefined && inodes.includes(this.#proven)) return 'ours';
    const holders = socketHolders(new Set(inodes));
    this.#proven = inodes.find(inode => holders.get(inode)?.some(isOurs));
    return this.#proven === undefined ? 'foreign' : 'ours';
  }
}
