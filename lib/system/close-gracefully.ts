// Closes one server, and tells what became of its connections. How it takes leave is the drain's way (farewell.ts); what differs is that
// nobody takes idle connections over, and that the end is sure.

import type { Http2Session } from 'node:http2';
import { Server, type Socket } from 'node:net';
import { pauseWithin, systemClock, turn } from './clock.js';
import { onRequests, sayFarewell, sayGoodbye, stopListening } from './farewell.js';
import { idleConnections, isSilent, silentConnections } from './idle-connections.js';
import type { TrackedServer } from './tracked-server.js';

/** Who has connected and not spoken is about to; streams may be on their way to a session that goes. */
const LINGER_MS = 1_000;
const LOOK_MS = 50;
/** What was destroyed says so within some turns. What is no socket may never. */
const MOST_TURNS = 100;

/** Each connection is in one of them: those there were, and those that queued. */
export interface ClosedConnections {
  /** Ended because nothing was in flight on them, from the first moment on. */
  readonly idle: number;
  /** Something was in flight, and came to its end; or the client left. */
  readonly finished: number;
  /** Cut at the deadline. */
  readonly destroyed: number;
}

/** @param over aborts at the deadline */
export async function closeGracefully(tracked: TrackedServer, over: AbortSignal): Promise<ClosedConnections> {
  const { server } = tracked;
  const tally = new Tally(tracked);
  const hearNoMore = tally.listen();
  const closed = server.listening ? stopListening([tracked], systemClock) : (tracked.stopped ?? Promise.resolve());
  const takeBack = sayFarewell(tracked, { closed, lingerMs: LINGER_MS, clock: systemClock });
  const refuse = () => void Server.prototype.close.call(server); // In a worker of a cluster the answer to listen() may still be on its way.
  server.on('listening', refuse);
  await closed;
  await endAll(tracked, tally, over);
  server.off('listening', refuse);
  server.once('listening', takeBack);
  hearNoMore();
  return tally.result;
}

async function endAll(tracked: TrackedServer, tally: Tally, over: AbortSignal): Promise<void> {
  const silentUntil = systemClock.now() + LINGER_MS;
  while (isHolding(tracked) && !over.aborted) {
    await turn(); // What has arrived is read first: no request is cut that is here.
    tally.endIdle(systemClock.now() >= silentUntil);
    await pauseWithin(LOOK_MS, over);
  }
  await turn();
  tally.endIdle(true);
  tally.destroyRest();
  for (let turns = 0; isHolding(tracked) && turns < MOST_TURNS; turns++) await turn();
}

const isHolding = ({ sockets, secureSockets, sessions }: TrackedServer) => sockets.size + secureSockets.size + sessions.size > 0;

/** How many connections have something in flight. Where that cannot be known, as on plain TCP, all of them. */
export function busyConnections(tracked: TrackedServer): number {
  return Math.max(0, tracked.sockets.size - restingConnections(tracked).size - restingSessions(tracked).length);
}

const restingConnections = (tracked: TrackedServer): ReadonlySet<Socket> => new Set([...idleConnections(tracked), ...silentConnections(tracked)]);

function restingSessions({ sessions, streams }: TrackedServer): readonly Http2Session[] {
  const busy = new Set([...streams].map(({ session }) => session));
  return [...sessions].filter(session => !busy.has(session));
}

/** What becomes of each connection. On TLS, and of HTTP/2, what rests is not the socket that was accepted, but there is one for each. */
class Tally {
  readonly #tracked: TrackedServer;
  /** Sockets and sessions that had something in flight since the beginning. */
  readonly #served = new WeakSet<object>();
  #all = 0;
  #idle = 0;
  #destroyed = 0;
  #isCut = false;

  constructor(tracked: TrackedServer) {
    this.#tracked = tracked;
  }

  get result(): ClosedConnections {
    return { idle: this.#idle, finished: this.#all - this.#idle - this.#destroyed, destroyed: this.#destroyed };
  }

  /** From now on everything counts. Returns how to end that. */
  listen(): () => void {
    const { server, sockets, secureSockets, sessions, counter } = this.#tracked;
    const resting = new Set<object>([...restingConnections(this.#tracked), ...restingSessions(this.#tracked)]);
    for (const one of [...sockets, ...secureSockets, ...sessions]) if (!resting.has(one)) this.#served.add(one);
    this.#all = sockets.size;
    for (const session of sessions) this.#watch(session);
    const onSession = (session: Http2Session) => this.#watch(session);
    const onConnection = () => {
      if (counter?.isInjecting() !== true) this.#all++;
    };
    server.on('session', onSession).prependListener('connection', onConnection);
    const hearNoMore = onRequests(request => {
      if (request.server !== server) return;
      this.#served.add(request.socket);
      sayGoodbye(request.response);
    });
    return () => {
      server.off('session', onSession).off('connection', onConnection);
      hearNoMore();
    };
  }

  #watch(session: Http2Session): void {
    session.on('stream', () => this.#served.add(session));
    session.once('close', () => {
      if (!this.#isCut && !this.#served.has(session)) this.#idle++;
    });
  }

  /** Of HTTP/1.1. Sessions of HTTP/2 are told to go, and end when they rest. */
  endIdle(mayEndSilent: boolean): void {
    for (const socket of restingConnections(this.#tracked)) {
      if (isSilent(socket) && !mayEndSilent) continue;
      socket.destroy();
      if (!this.#served.has(socket)) this.#idle++;
    }
  }

  destroyRest(): void {
    const { sockets, secureSockets } = this.#tracked;
    this.#isCut = true;
    const rest = [...sockets].filter(({ destroyed }) => !destroyed);
    this.#destroyed = rest.length;
    for (const socket of [...rest, ...secureSockets]) socket.destroy();
  }
}
