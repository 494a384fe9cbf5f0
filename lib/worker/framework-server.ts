// The server a framework application answers on.

import { createServer, type RequestListener, type Server } from 'node:http';
import type { ServerOptions } from 'node:https';

export type ServerError = Error & { readonly code?: string };

export interface FrameworkServer extends Server {
  /** A second server of plain HTTP for the same application (`debugPort`). */
  companion(): Server;
}

/** TLS is loaded only when there is some: a tenth of a worker's start. */
export async function createFrameworkServer(callback: unknown, https: ServerOptions | undefined): Promise<FrameworkServer> {
  const listener = callback as RequestListener;
  const server = https ? (await import('node:https')).createServer(https, listener) : createServer(listener);
  return Object.assign(server as Server, { companion: () => createServer(listener) });
}
