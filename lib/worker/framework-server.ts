// The server a framework application answers on.

import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';

export type ServerError = Error & { readonly code?: string };

export interface FrameworkServer extends Server {
  /** A second server of plain HTTP for the same application (`debugPort`). */
  companion(): Server;
}

export function createFrameworkServer(callback: unknown, https: ServerOptions | undefined): FrameworkServer {
  const listener = callback as RequestListener;
  const server = https ? createSecureServer(https, listener) : createServer(listener);
  return Object.assign(server as Server, { companion: () => createServer(listener) });
}
