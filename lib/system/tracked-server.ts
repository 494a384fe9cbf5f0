// What one server holds: its connections, its sessions and streams of HTTP/2. By public events, for every kind of server.
//
// Preload and door are built as files of their own, and both may follow the same server: what is known of it lives at the server itself.

import type { Http2Session, Http2Stream } from 'node:http2';
import type { Server, Socket } from 'node:net';
import type { ListeningAddress } from '../protocol/events.js';

export interface TrackedServer {
  readonly server: Server;
  /** Where it listens, or did before it was closed. Known to the runtime only. */
  address: ListeningAddress | undefined;
  /** Its socket is its own. Known to the runtime only. */
  isAlone: boolean;
  readonly sockets: ReadonlySet<Socket>;
  /** On TLS the socket that speaks HTTP is not the one that was accepted. */
  readonly secureSockets: ReadonlySet<Socket>;
  readonly sessions: ReadonlySet<Http2Session>;
  /** Of HTTP/2: requests that are being answered. */
  readonly streams: ReadonlySet<Http2Stream>;
  /** Since it was told to listen no more, by whoever was first: resolves when it does not. */
  stopped: Promise<void> | undefined;
  /** Who counts along: the runtime, in a worker. */
  counter: Counter | undefined;
}

export interface Counter {
  /** The connection that is being made is ours, and no client's. */
  isInjecting(): boolean;
  onConnection(): void;
  onStream(stream: Http2Stream): void;
}

const KEY = Symbol.for('app-cluster.tracked-server');

/** From now on, and once: who asks again gets the same. */
export function follow(server: Server): TrackedServer {
  const { [KEY]: known } = server as { [KEY]?: TrackedServer };
  if (known !== undefined) return known;
  const tracked = {
    server,
    address: undefined,
    isAlone: false,
    sockets: new Set<Socket>(),
    secureSockets: new Set<Socket>(),
    sessions: new Set<Http2Session>(),
    streams: new Set<Http2Stream>(),
    stopped: undefined as Promise<void> | undefined,
    counter: undefined as Counter | undefined,
  };
  server.on('listening', () => {
    tracked.stopped = undefined; // Once more.
  });
  const isOurs = () => tracked.counter?.isInjecting() === true;
  server.prependListener('connection', socket => {
    if (isOurs()) return;
    tracked.counter?.onConnection();
    keepWhileOpen(tracked.sockets, socket);
  });
  server.prependListener('secureConnection' as 'connection', socket => {
    if (!isOurs()) keepWhileOpen(tracked.secureSockets, socket);
  });
  server.prependListener('session' as 'connection', connection => {
    if (isOurs()) return;
    const session = connection as unknown as Http2Session;
    keepWhileOpen(tracked.sessions, session);
    session.on('stream', stream => {
      tracked.counter?.onStream(stream);
      keepWhileOpen(tracked.streams, stream);
    });
  });
  Object.defineProperty(server, KEY, { value: tracked });
  return tracked;
}

function keepWhileOpen<T extends { once(event: 'close', listener: () => void): unknown }>(open: Set<T>, item: T): void {
  open.add(item);
  item.once('close', () => open.delete(item));
}
