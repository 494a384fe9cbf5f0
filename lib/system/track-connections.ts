// For servers that are proxies, inside and outside of a cluster: how many connections there are, and a close that waits for them.

import type { Server } from 'node:net';
import { busyConnections, type ClosedConnections, closeGracefully } from './close-gracefully.js';
import { type Deadline, misread, Patience } from './patience.js';
import { follow } from './tracked-server.js';

const DEFAULT_DEADLINE = { withinMs: 10_000 } as const;

export interface TrackedConnections {
  /** Open now. */
  readonly connections: number;
  /**
   * Of those: with a request or its response in flight, upgraded, a tunnel (CONNECT), a session of HTTP/2 with open streams. Where it cannot be
   * known, as on plain TCP and TLS, all of them.
   */
  readonly busy: number;
  /**
   * Accepts no more, tells clients, ends idle connections, waits for busy ones until the deadline (10 s), then destroys the rest.
   * Never rejects because of a connection. Called again it gives the same promise; a shorter deadline shortens it.
   */
  closeGracefully(deadline?: Deadline): Promise<ClosedConnections>;
}

const known = new WeakMap<Server, TrackedConnections>();

/** Of any kind of server: http, https, http2, net, tls. To be called before it listens: what was accepted before is not known. */
export function trackConnections(server: Server): TrackedConnections {
  const connections = known.get(server) ?? connectionsOf(server);
  known.set(server, connections);
  return connections;
}

interface Closing {
  readonly patience: Patience;
  readonly closed: Promise<ClosedConnections>;
}

function connectionsOf(server: Server): TrackedConnections {
  const tracked = follow(server);
  let closing: Closing | undefined;
  const close = (): Closing => {
    const patience = new Patience();
    const closed = closeGracefully(tracked, patience.over).finally(() => {
      patience.release();
      server.once('listening', () => {
        closing = undefined;
      });
    });
    return { patience, closed };
  };
  return {
    get connections() {
      return tracked.sockets.size;
    },
    get busy() {
      return busyConnections(tracked);
    },
    closeGracefully(deadline) {
      const error = deadline === undefined ? undefined : misread(deadline);
      if (error !== undefined) return Promise.reject(error);
      const isFirst = closing === undefined;
      closing ??= close();
      if (deadline !== undefined || isFirst) closing.patience.until(deadline ?? DEFAULT_DEADLINE);
      return closing.closed;
    },
  };
}
