// Takes a connection that a sibling has given away, as if a server of this process had just accepted it.
//
// Non-public, the same on Node 20, 22, 24 and 26: `server._handle.onconnection`, through which all connections of a server come. Where it
// is missing the connection is refused, and the master asks another.

import type { Server, Socket } from 'node:net';
import type { ListeningAddress } from '../protocol/events.js';
import { afterUnref } from './clock.js';
import type { RawHandle } from './held-sockets.js';
import type { ServerTracker } from './server-tracker.js';
import type { TrackedServer } from './tracked-server.js';

interface Listening {
  readonly _handle?: RawHandle | null;
  readonly keepAliveTimeout?: number;
}

/** @param onAccepted called before the first byte is read: a connection whose worker died before that may go to another */
export function adoptConnection(
  tracker: ServerTracker,
  { address, isNew, handle }: { readonly address: ListeningAddress; readonly isNew: boolean; readonly handle: RawHandle },
  onAccepted: () => void,
): boolean {
  const tracked = [...tracker.servers].find(({ address: own }) => own !== undefined && isSame(own, address));
  if (tracked === undefined || !hasRoom(tracked)) return false;
  const { _handle: listening, keepAliveTimeout = 0 } = tracked.server as Listening;
  if (typeof listening?.onconnection !== 'function') return false;
  onAccepted();
  let adopted: Socket | undefined;
  const see = (socket: Socket) => {
    adopted = socket;
  };
  tracked.server.prependOnceListener('connection', see);
  const { accepted } = tracker;
  listening.onconnection(0, handle);
  tracked.server.off('connection', see);
  tracker.accepted = accepted; // A sibling has counted it.
  tracker.adopted++;
  // To this server it is new, and may be silent for a minute; its client thinks of it as kept alive.
  if (!isNew && keepAliveTimeout > 0) afterUnref(keepAliveTimeout, () => adopted?.bytesRead === 0 && adopted.destroy());
  return true;
}

/** One that drains does not listen any more. */
function hasRoom({ server, sockets }: TrackedServer): boolean {
  const { maxConnections } = server as Server & { maxConnections?: number | null };
  return server.listening && (maxConnections === undefined || maxConnections === null || sockets.size < maxConnections);
}

const isSame = (a: ListeningAddress, b: ListeningAddress) => a.addressType === b.addressType && a.port === b.port && a.address === b.address;
