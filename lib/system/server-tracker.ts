// Which servers listen in this process, and what comes to them. Wraps `net.Server.prototype.listen`: public, and every
// kind of server (http, https, http2, tls, net) goes through it.

import type { Http2Stream, ServerHttp2Stream } from 'node:http2';
import { Server } from 'node:net';
import type { ListeningAddress } from '../protocol/events.js';
import { type Counter, follow, type TrackedServer } from './tracked-server.js';

export interface ServerTracker {
  /** Servers that listen now. */
  readonly servers: ReadonlySet<TrackedServer>;
  /** Any server has ever been asked to listen. */
  readonly hasListened: boolean;
  /** Called before a server listens. It waits for what is returned. */
  onListen: (server: Server) => Promise<void> | undefined;
  /** Called when it does. */
  onListening: (server: Server) => void;
  /** Requests over HTTP/2 so far. */
  streamsSeen: number;
  /** Those that were answered. */
  streamsAnswered: number;
  /** Connections so far; not those that were adopted from a sibling. */
  accepted: number;
  adopted: number;
  /** Servers with sockets of their own listen only then: a spare has no place yet. */
  untilAdmitted: Promise<void> | undefined;
  /** Called when one of them waits for that. */
  onHeld: () => void;
  /** A connection is being made here, by us. */
  isInjecting: boolean;
  /** Those that were. */
  readonly injected: WeakSet<object>;
  /** Servers that asked for a socket of their own: `exclusive`, `reusePort`. */
  readonly alone: WeakSet<Server>;
}

type Tracker = { -readonly [K in keyof ServerTracker]: ServerTracker[K] };

function wantsOwnSocket(options: unknown): boolean {
  const { exclusive, reusePort } = (typeof options === 'object' && options !== null ? options : {}) as { exclusive?: unknown; reusePort?: unknown };
  return exclusive === true || reusePort === true;
}

/** Where a server listens, in the words of `cluster`. */
export function listeningAddress(server: Server): ListeningAddress {
  const at = server.address();
  if (typeof at === 'string') return { addressType: -1, address: at, port: -1 };
  return { addressType: at?.family === 'IPv6' ? 6 : 4, address: at?.address ?? null, port: at?.port };
}

export function trackServers(): ServerTracker {
  const servers = new Set<TrackedServer>();
  const known = new WeakSet<Server>();
  const tracker: Tracker = {
    servers,
    hasListened: false,
    streamsSeen: 0,
    streamsAnswered: 0,
    accepted: 0,
    adopted: 0,
    alone: new WeakSet(),
    untilAdmitted: undefined,
    onHeld: () => {},
    isInjecting: false,
    injected: new WeakSet(),
    onListen: () => undefined,
    onListening: () => {},
  };
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, ...args: unknown[]) {
    const isFree = tracker.onListen(this);
    tracker.hasListened = true;
    if (wantsOwnSocket(args[0])) tracker.alone.add(this);
    if (!known.has(this)) {
      known.add(this);
      track(this, tracker, servers);
      this.on('listening', () => tracker.onListening(this));
    }
    const start = () => (listen as (...args: unknown[]) => Server).apply(this, args);
    if (isFree !== undefined) {
      void isFree.then(start);
      return this;
    }
    if (tracker.untilAdmitted === undefined || !tracker.alone.has(this)) return start();
    void tracker.untilAdmitted.then(start);
    tracker.onHeld();
    return this;
  } as typeof listen;
  return tracker;
}

function track(server: Server, tracker: Tracker, servers: Set<TrackedServer>): void {
  const tracked = follow(server);
  tracked.counter = counterOf(tracker);
  server.on('listening', () => {
    tracked.address = listeningAddress(server);
    tracked.isAlone = tracker.alone.has(server);
    servers.add(tracked);
  });
  server.on('close', () => servers.delete(tracked));
}

function counterOf(tracker: Tracker): Counter {
  return {
    isInjecting: () => tracker.isInjecting,
    onConnection: () => {
      tracker.accepted++;
    },
    onStream: (stream: Http2Stream) => {
      tracker.streamsSeen++;
      stream.once('close', () => {
        if (stream.rstCode === 0 && (stream as ServerHttp2Stream).headersSent) tracker.streamsAnswered++;
      });
    },
  };
}
