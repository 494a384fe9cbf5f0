// Which connections of a server have nothing in flight.

import type { Server, Socket } from 'node:net';
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
  for (const socket of sockets) if (socket.bytesRead === 0) idle.add(socket);
  for (const socket of idle) if (socket.writableLength > 0) idle.delete(socket);
  return idle;
}

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
