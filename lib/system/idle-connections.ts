// Which connections of a server have nothing in flight.

import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { TrackedServer } from './tracked-server.js';

/** What of a response its connection needs to know. */
export interface Response {
  readonly headersSent: boolean;
  setHeader(name: string, value: string): void;
}

/** The response a socket is busy with. `_httpMessage` is non-public, there since Node 0.x; without it nothing is in flight. */
export function responseOn(socket: Socket): Response | undefined {
  return (socket as { _httpMessage?: Response | null })._httpMessage ?? undefined;
}

/**
 * Idle in Node's own eyes, found by asking whom it would destroy (not one whose request has begun), and those that have never spoken.
 * Node would also destroy one whose response has ended and is still being sent. None on what is not HTTP, where idle cannot be told from
 * waiting, nor of HTTP/2.
 */
export function idleConnections({ server, sockets, secureSockets }: TrackedServer): ReadonlySet<Socket> {
  const { closeIdleConnections } = server as Server & { closeIdleConnections?: () => void };
  const idle = new Set<Socket>();
  if (closeIdleConnections === undefined) return idle;
  const giveBack = [...sockets, ...secureSockets].map(socket => holdDestroy(socket, idle));
  try {
    closeIdleConnections.call(server);
  } finally {
    for (const restore of giveBack) restore();
  }
  for (const socket of sockets) if (isSilent(socket)) idle.add(socket);
  for (const socket of idle) if (socket.writableLength > 0) idle.delete(socket);
  return idle;
}

/** Of TLS: let in, and never asked; or not even let in. Node does not count them as idle. None on what is not HTTP. */
export function silentConnections({ server, sockets, secureSockets }: TrackedServer): readonly Socket[] {
  if (!isHttp(server) || !('setSecureContext' in server)) return [];
  const speakHttp1 = [...secureSockets].filter(socket => (socket as TLSSocket).alpnProtocol !== 'h2'); // What speaks HTTP/2 has a session.
  return [...sockets, ...speakHttp1].filter(isSilent);
}

export const isSilent = (socket: Socket): boolean => socket.bytesRead === 0;

const isHttp = (server: Server) => 'closeIdleConnections' in server || 'updateSettings' in server;

function holdDestroy(socket: Socket, held: Set<Socket>): () => void {
  const own = Object.getOwnPropertyDescriptor(socket, 'destroy');
  socket.destroy = () => {
    held.add(socket);
    return socket;
  };
  return () => {
    if (own === undefined) Reflect.deleteProperty(socket, 'destroy');
    else Object.defineProperty(socket, 'destroy', own);
  };
}
