// Gives a server that listens without a socket its socket: until then it has its address, and no connections.
//
// Core's own way to listen without one is what a worker of a round-robin cluster has: a stand-in for a handle, which reports its closing to the
// master. It is replaced by a real one here. Non-public, the same on Node 20, 22, 24 and 26: `server._handle`, its `onconnection`, and the
// symbol `owner_symbol` by which net.js finds the server of a handle. Where one of them is missing nothing is attached, and that is said.

import { resolve } from 'node:path';
import type { ListeningAddress } from '../protocol/events.js';
import type { RawHandle } from './held-sockets.js';
import type { ServerTracker } from './server-tracker.js';
import type { TrackedServer } from './tracked-server.js';

/** Node's own default for listen(). */
const BACKLOG = 511;

type Owned = RawHandle & Record<symbol, unknown>;

export function attachSocket(tracker: ServerTracker, address: ListeningAddress, handle: RawHandle): boolean {
  const tracked = [...tracker.servers].find(candidate => isAt(candidate, address));
  if (tracked === undefined) return false;
  const server = tracked.server as unknown as { _handle: Owned | null };
  const standIn = server._handle;
  if (standIn === null) return false;
  const owner = Object.getOwnPropertySymbols(standIn).find(({ description }) => description === 'owner_symbol');
  if (owner === undefined || typeof standIn.onconnection !== 'function') return false;
  const close = handle.close.bind(handle);
  Object.assign(handle, {
    onconnection: standIn.onconnection,
    [owner]: server,
    close(callback?: () => void) {
      standIn.close(); // Tells the master.
      close(callback);
    },
  });
  if (handle.listen(BACKLOG) !== 0) return false;
  server._handle = handle as Owned;
  return true;
}

function isAt({ address: own }: TrackedServer, { addressType, address, port }: ListeningAddress): boolean {
  if (own === undefined || own.addressType !== addressType) return false;
  if (addressType === -1) return resolve(String(own.address)) === resolve(String(address)); // As it was given, and as core has it.
  return own.port === port && own.address === address;
}
