// How a server takes leave of its clients: it listens no more, says so on every connection, and ends those that are idle.
//
// `http.Server.close()` alone does not: it closes idle kept-alive connections at once (a request may be on its way), Node 26
// even those that have not spoken yet, and it never tells clients that a connection ends.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Http2Session } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { closeListening } from './accept-rest.js';
import type { Clock } from './clock.js';
import { idleConnections, type Response, responseOn } from './idle-connections.js';
import type { TrackedServer } from './tracked-server.js';

const POLL_MS = 10;
/** Highest stream id there is (RFC 9113, 6.8): "no more connections, but finish your streams". */
const LAST_STREAM = 2 ** 31 - 1;

export interface BegunRequest {
  readonly response: Response;
  readonly socket: Socket;
  readonly server: Server;
}

export interface Farewell {
  /** Resolves when the server listens no more. */
  readonly closed: Promise<void>;
  /** How long a session of HTTP/2 with open streams may still take new ones. */
  readonly lingerMs: number;
  readonly clock: Clock;
}

/** Loses nobody who queues. Once per server: the runtime may drain what the application is closing, or the other way round. */
export async function stopListening(servers: readonly TrackedServer[], clock: Clock): Promise<void> {
  const fresh = servers.filter(({ stopped }) => stopped === undefined);
  const stopped = closeListening(
    fresh.map(({ server }) => server),
    clock,
  );
  for (const tracked of fresh) tracked.stopped = stopped;
  await Promise.all(servers.map(tracked => tracked.stopped));
}

/** Calls back with each request that begins in this process, but for HTTP/2, until the returned function is called. */
export function onRequests(listener: (request: BegunRequest) => void): () => void {
  const hear = (message: unknown) => listener(message as BegunRequest);
  subscribe('http.server.request.start', hear);
  return () => void unsubscribe('http.server.request.start', hear);
}

/**
 * To who is connected, and to sessions that are still to come; on requests that are still to come `sayGoodbye` does it.
 * Returns how to take it back, for a server that listens again.
 */
export function sayFarewell(tracked: TrackedServer, farewell: Farewell): () => void {
  const { server, sockets, secureSockets, sessions, streams } = tracked;
  const restoreClose = forgiveSecondClose(tracked, farewell.closed);
  for (const socket of [...sockets, ...secureSockets]) sayGoodbye(responseOn(socket));
  for (const session of sessions) goAway(session, streams, farewell);
  const onSession = (session: Http2Session) => goAway(session, streams, farewell);
  server.on('session', onSession);
  return () => {
    server.off('session', onSession);
    restoreClose();
  };
}

export function sayGoodbye(response: Response | undefined): void {
  if (response && !response.headersSent && typeof response.setHeader === 'function') response.setHeader('Connection', 'close');
}

/**
 * Two phases: announce, then close when the streams that are open have ended, or the linger is over. Node answers a client's own GOAWAY with
 * close(), which would refuse streams in flight: held back meanwhile. What a client sends before it has read ours, nghttp2 ignores until
 * the close, which refuses it (REFUSED_STREAM: it may be sent again safely, RFC 9113, 8.7): so the close comes soon.
 */
function goAway(session: Http2Session, streams: TrackedServer['streams'], { lingerMs, clock }: Farewell): void {
  if (session.closed || session.destroyed) return;
  session.goaway(0, LAST_STREAM);
  session.close = () => {};
  const until = clock.now() + lingerMs;
  const look = () => {
    const isBusy = [...streams].some(stream => stream.session === session);
    if (isBusy && clock.now() < until) return void clock.after(POLL_MS, look);
    Reflect.deleteProperty(session, 'close');
    if (!session.closed && !session.destroyed) session.close();
  };
  clock.after(POLL_MS, look);
}

/** Returns whom it has ended. */
export function closeIdle(tracked: TrackedServer): ReadonlySet<Socket> {
  const idle = idleConnections(tracked);
  for (const socket of idle) socket.destroy();
  return idle;
}

/** The application's own `server.close(callback)` comes after ours and must not be told that it failed. */
function forgiveSecondClose({ server, sockets }: TrackedServer, closed: Promise<void>): () => void {
  let isClosed = false;
  server.once('close', () => {
    isClosed = true;
  });
  const tell = (callback: () => void) => {
    if (isClosed || sockets.size === 0) setImmediate(callback);
    else server.once('close', callback);
  };
  const own = Object.getOwnPropertyDescriptor(server, 'close');
  server.close = function (this: Server, callback?: (error?: Error) => void) {
    if (callback) void closed.then(() => tell(() => callback()));
    return this;
  };
  return () => {
    Reflect.deleteProperty(server, 'close');
    if (own !== undefined) Object.defineProperty(server, 'close', own);
  };
}
