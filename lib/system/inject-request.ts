// A request to a server of this very process, without the network: through a pair of streams, one of which the server takes for a connection.
// Sockets are shared by all workers, so a request over the network would be answered by any of them.
//
// `server.emit('connection', duplex)` is documented for http. For https and http2 the event is `secureConnection`, or `connection` with a
// session on it: not documented, and so on Node 20, 22, 24 and 26 (contract test). Without it nothing answers, and that is said.

import type { Server, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { Probe } from '../protocol/words.js';
import { afterUnref } from './clock.js';
import { requirePackage } from './require-package.js';
import type { ServerTracker } from './server-tracker.js';

export interface InjectNeeds {
  readonly path: string;
  readonly limitMs: number;
  /** What comes of it is no client's. */
  readonly tracker: Pick<ServerTracker, 'isInjecting' | 'injected'>;
}

/** Always resolves: with a status, or with why there was none. Undefined: this is no server of HTTP. */
export function injectRequest(server: Server, needs: InjectNeeds): Promise<Probe> | undefined {
  const isHttp2 = 'updateSettings' in server;
  if (!isHttp2 && !('closeIdleConnections' in server)) return undefined;
  const isTls = 'setSecureContext' in server;
  const [ours, theirs] = streamPair({ encrypted: isTls, alpnProtocol: isHttp2 ? 'h2' : 'http/1.1' });
  return new Promise(resolve => {
    const end = (answer: string, status = 0) => {
      cancel();
      ours.destroy();
      theirs.destroy();
      resolve({ answer, ok: status >= 200 && status < 300 });
    };
    const cancel = afterUnref(needs.limitMs, () => end(`no answer in ${needs.limitMs} ms`));
    ours.on('error', error => end(error.message));
    theirs.on('error', error => end(error.message));
    try {
      connect(server, isTls ? 'secureConnection' : 'connection', theirs, needs.tracker);
      const asked = { ours, path: needs.path, onStatus: (status: number) => end(`status ${status}`, status), onError: (error: Error) => end(error.message) };
      if (isHttp2) askHttp2(asked);
      else askHttp(asked);
    } catch (error) {
      end(String(error));
    }
  });
}

function connect(server: Server, event: 'connection' | 'secureConnection', theirs: Duplex, tracker: InjectNeeds['tracker']): void {
  tracker.injected.add(theirs);
  (tracker as { isInjecting: boolean }).isInjecting = true;
  try {
    server.emit(event, theirs);
  } finally {
    (tracker as { isInjecting: boolean }).isInjecting = false;
  }
}

interface Asked {
  readonly ours: Duplex;
  readonly path: string;
  readonly onStatus: (status: number) => void;
  readonly onError: (error: Error) => void;
}

const HEADERS = { host: 'localhost', 'user-agent': 'app-cluster' } as const;

function askHttp({ ours, path, onStatus, onError }: Asked): void {
  const { request } = requirePackage<typeof import('node:http')>('node:http');
  const headers = { ...HEADERS, connection: 'close' };
  const asking = request({ path, headers, createConnection: () => ours as never }, response => {
    response.resume();
    onStatus(response.statusCode ?? 0);
  });
  asking.on('error', onError);
  asking.end();
}

function askHttp2({ ours, path, onStatus, onError }: Asked): void {
  const session = requirePackage<typeof import('node:http2')>('node:http2').connect('http://localhost', { createConnection: () => ours });
  session.on('error', onError);
  const stream = session.request({ ':path': path, 'user-agent': HEADERS['user-agent'] });
  stream.on('error', onError);
  stream.on('response', headers => {
    onStatus(Number(headers[':status']));
    session.destroy();
  });
  stream.end();
}

class Side extends Duplex {
  peer: Side | undefined;
  #written: (() => void) | undefined;

  override _read(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    if (this.peer === undefined || chunk.length === 0) return void setImmediate(done);
    this.peer.#written = done;
    this.peer.push(chunk);
  }

  /** As a connection that was cut: the other side reads to its end. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.peer?.readableEnded === false) this.peer.push(null);
    done(error);
  }

  override _final(done: () => void): void {
    this.peer?.push(null);
    done();
  }
}

/** What applications look at in a socket. */
const LIKE_A_SOCKET = { remoteAddress: '127.0.0.1', remoteFamily: 'IPv4', remotePort: 0, localAddress: '127.0.0.1', localPort: 0, authorized: false } as const;

function streamPair(facts: object): [Duplex, Duplex] {
  const [one, other] = [new Side(), new Side()];
  one.peer = other;
  other.peer = one;
  for (const side of [one, other]) {
    const same = () => side;
    Object.assign(side, LIKE_A_SOCKET, facts, { setNoDelay: same, setKeepAlive: same, ref: same, unref: same, address: () => ({}) });
    (side as unknown as Socket).setTimeout = same as never;
  }
  return [one, other];
}
