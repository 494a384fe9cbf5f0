// Drains this process's servers: accepts no more, loses no request that was accepted, and says when nothing is left.
//
// `http.Server.close()` alone is no drain: it closes idle kept-alive connections at once (a request may be on its way), Node 26
// even those that have not spoken yet, and it never tells clients that a connection ends.

import { subscribe } from 'node:diagnostics_channel';
import type { Http2Session } from 'node:http2';
import { Server, type Socket } from 'node:net';
import { closeListening } from './accept-rest.js';
import { type Clock, pause } from './clock.js';
import type { Giver } from './give-connections.js';
import type { ServerTracker, TrackedServer } from './server-tracker.js';

const POLL_MS = 10;
/** Highest stream id there is (RFC 9113, 6.8): "no more connections, but finish your streams". */
const LAST_STREAM = 2 ** 31 - 1;

interface Response {
  readonly headersSent: boolean;
  setHeader(name: string, value: string): void;
}

/**
 * Resolves when the last connection is gone. Idle ones are given to a sibling where that is possible, also those that become idle later
 * (their last response was begun before); the others may still ask for `lingerMs`. Upgraded ones (WebSocket) and open streams stay as long
 * as their peers want: the caller has the budget.
 */
export async function drainServers(
  tracker: ServerTracker,
  giver: Giver,
  { lingerMs, clock }: { readonly lingerMs: number; readonly clock: Clock },
): Promise<void> {
  const draining = [...tracker.servers];
  const startedAt = clock.now();
  subscribe('http.server.request.start', message => sayGoodbye((message as { response: Response }).response));
  const closed = stopAccepting(draining, giver, clock);
  for (const tracked of draining) sayFarewell(tracked, { closed, lingerMs, clock });
  await closed;
  while (draining.some(({ sockets }) => sockets.size > 0) || giver.isSending) {
    const isLate = clock.now() - startedAt >= lingerMs;
    for (const tracked of draining) {
      if (giver.canGive(tracked)) giver.giveIdle(tracked);
      else if (isLate) closeIdle(tracked);
    }
    await pause(clock, POLL_MS);
  }
}

/** Where siblings go on with a socket, who queues there is theirs. */
function stopAccepting(draining: readonly TrackedServer[], giver: Giver, clock: Clock): Promise<void> {
  const mayBeLast = draining.filter(({ isAlone }) => isAlone || !giver.hasSiblings);
  for (const { server } of draining.filter(tracked => !mayBeLast.includes(tracked))) Server.prototype.close.call(server);
  return closeListening(
    mayBeLast.map(({ server }) => server),
    clock,
  );
}

interface Farewell {
  readonly closed: Promise<void>;
  readonly lingerMs: number;
  readonly clock: Clock;
}

function sayFarewell(tracked: TrackedServer, { closed, lingerMs, clock }: Farewell): void {
  const { server, sockets, secureSockets, sessions, streams } = tracked;
  forgiveSecondClose(tracked, closed);
  for (const socket of [...sockets, ...secureSockets]) sayGoodbye(responseOn(socket));
  for (const session of sessions) goAway(session, { streams, lingerMs, clock });
  server.on('session', session => goAway(session, { streams, lingerMs, clock }));
}

/** The response a socket is busy with. `_httpMessage` is non-public, there since Node 0.x; without it a client just is not told. */
function responseOn(socket: Socket): Response | undefined {
  return (socket as { _httpMessage?: Response | null })._httpMessage ?? undefined;
}

function sayGoodbye(response: Response | undefined): void {
  if (response && !response.headersSent && typeof response.setHeader === 'function') response.setHeader('Connection', 'close');
}

interface GoAwayFacts {
  readonly streams: TrackedServer['streams'];
  readonly lingerMs: number;
  readonly clock: Clock;
}

/**
 * Two phases: announce, then close when the streams that are open have ended, or the linger is over. Node answers a client's own GOAWAY with
 * close(), which would refuse streams in flight: held back meanwhile. What a client sends before it has read ours, nghttp2 ignores until
 * the close, which refuses it (REFUSED_STREAM: it may be sent again safely, RFC 9113, 8.7): so the close comes soon.
 */
function goAway(session: Http2Session, { streams, lingerMs, clock }: GoAwayFacts): void {
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

function closeIdle({ server, sockets }: TrackedServer): void {
  const { closeIdleConnections } = server as { closeIdleConnections?: () => void };
  if (closeIdleConnections === undefined) return; // Not HTTP: idle cannot be told from waiting.
  closeIdleConnections.call(server);
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
}

/** The application's own `server.close(callback)` comes after ours and must not be told that it failed. */
function forgiveSecondClose({ server, sockets }: TrackedServer, closed: Promise<void>): void {
  let isClosed = false;
  server.once('close', () => {
    isClosed = true;
  });
  const tell = (callback: () => void) => {
    if (isClosed || sockets.size === 0) setImmediate(callback);
    else server.once('close', callback);
  };
  server.close = function (this: Server, callback?: (error?: Error) => void) {
    if (callback) void closed.then(() => tell(() => callback()));
    return this;
  };
}
