// An HTTP server for operators: on a UNIX socket that is ours alone, or on a TCP port. Bounded in connections and in patience.

import { chmodSync, renameSync, unlinkSync } from 'node:fs';
import type { RequestListener, Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { ClusterError, messageOf } from '../errors.js';
import { pause, systemClock } from './clock.js';
import { requirePackage } from './require-package.js';
import { removeFile } from './whole-files.js';

const HEADERS_MS = 10_000;
const REQUEST_MS = 30_000;
const KEEP_ALIVE_MS = 5_000;
const CHECK_MS = 2_000;
/** More than these, and the one that has been idle longest makes room. */
const MOST_CONNECTIONS = 256;
/** What somebody follows has no end of its own. */
const LAST_ANSWER_MS = 300;
const PROBE_MS = 1_000;
/** How often to look whether a port is free by now. */
const PORT_POLL_MS = 100;
/** sun_path is 104 bytes on macOS, 108 on Linux, terminated. */
const LONGEST_SOCKET_PATH = 103;
const OURS_ALONE = 0o600;

export interface Abandoned {
  /** Answers that are being written are finished, for a moment. */
  end(): Promise<void>;
}

export interface HttpServer {
  readonly port: number | undefined;
  /** Answers that are being written are finished, for a moment. */
  close(): Promise<void>;
  /** Its path is another's now: stops listening, and leaves the path alone. Who is being answered is answered. */
  abandon(): Abandoned;
}

/** Binds beside and renames: a stale socket is replaced, one that answers only by an heir. Throws ERR_ALREADY_RUNNING, ERR_UNREACHABLE. */
export async function serveSocket(path: string, listener: RequestListener, isHeir = false): Promise<HttpServer> {
  const fresh = join(dirname(path), `.${process.pid.toString(36)}.s`);
  if (Buffer.byteLength(path) > LONGEST_SOCKET_PATH || Buffer.byteLength(fresh) > LONGEST_SOCKET_PATH)
    throw new ClusterError(
      'ERR_UNREACHABLE',
      `The path of its socket has more than ${LONGEST_SOCKET_PATH} bytes, which no system takes: ${path}. Set APP_CLUSTER_HOME to a shorter folder, or choose a shorter --name.`,
    );
  if (!isHeir && (await answers(path)))
    throw new ClusterError('ERR_ALREADY_RUNNING', `Somebody else answers on ${path}. Choose another --name.`, { details: { path } });
  removeFile(fresh); // Of a process that had our pid, and was killed just then.
  const server = boundedServer(listener);
  const umask = process.umask(0o177);
  try {
    server.listen(fresh);
  } finally {
    process.umask(umask);
  }
  await listening(server, fresh);
  try {
    chmodSync(fresh, OURS_ALONE);
    renameSync(fresh, path);
  } catch (error) {
    await closeServer(server, fresh);
    throw error;
  }
  return { port: undefined, close: () => closeServer(server, path), abandon: () => abandon(server) };
}

/** Throws ERR_ADDRESS_IN_USE, ERR_UNREACHABLE. */
export async function servePort(
  host: string,
  port: number,
  { listener, withinMs }: { readonly listener: RequestListener; readonly withinMs: number },
): Promise<HttpServer> {
  const until = systemClock.now() + withinMs;
  let server = boundedServer(listener);
  server.listen({ host, port });
  for (let error = await failed(server, port, host); error !== undefined; error = await failed(server, port, host)) {
    if (error.code !== 'ERR_ADDRESS_IN_USE' || systemClock.now() > until) throw error;
    await pause(systemClock, PORT_POLL_MS);
    server = boundedServer(listener);
    server.listen({ host, port });
  }
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server), abandon: () => abandon(server) };
}

async function failed(server: Server, port: number, host: string): Promise<ClusterError | undefined> {
  return listening(server, `${host}:${port}`).then(
    () => undefined,
    (error: ClusterError) => error,
  );
}

function boundedServer(listener: RequestListener): Server {
  const options = { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: KEEP_ALIVE_MS, connectionsCheckingInterval: CHECK_MS };
  const { createServer } = requirePackage<typeof import('node:http')>('node:http'); // 3 ms: not before the first fork.
  const idle = new Set<Socket>();
  let open = 0;
  const server = createServer(options, (request, response) => {
    idle.delete(request.socket);
    response.once('close', () => request.socket.destroyed || idle.add(request.socket));
    listener(request, response);
  });
  server.on('connection', socket => {
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
    if (open > MOST_CONNECTIONS) ([...idle][0] ?? socket).destroy();
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  server.unref(); // It serves as long as there is something to serve, and keeps nothing alive.
  return server;
}

function listening(server: Server, where: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', () => {
      server.on('error', () => {}); // EMFILE while accepting: the client's loss.
      resolve();
    });
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'ERR_ADDRESS_IN_USE' : 'ERR_UNREACHABLE';
      reject(new ClusterError(code, `Cannot listen on ${where}: ${messageOf(cause)}`, { cause }));
    });
  });
}

async function closeServer(server: Server, path?: string): Promise<void> {
  try {
    if (path !== undefined) unlinkSync(path);
  } catch {} // Gone already.
  await abandon(server).end();
}

function abandon(server: Server): Abandoned {
  const closed = new Promise<void>(resolve => {
    server.close(() => resolve());
  });
  return {
    end: async () => {
      server.closeIdleConnections();
      const cancel = systemClock.after(LAST_ANSWER_MS, () => server.closeAllConnections());
      await closed;
      cancel();
    },
  };
}

/** Whether somebody listens there. A refused connection, or no file: nobody. */
export function answers(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    const done = (is: boolean) => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(PROBE_MS, () => done(true));
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
