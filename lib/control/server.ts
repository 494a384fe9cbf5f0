// Serves one instance's control API: on its socket, and on TCP where asked for. The app itself is loaded with the first request that
// needs it: an instance that nobody looks at does not pay for it.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { CONTROL_APP_FILE } from '../system/entries.js';
import { type HttpServer, servePort, serveSocket } from '../system/http-server.js';
import { requirePackage as requireFile } from '../system/require-package.js';
import type { AppNeeds } from './app.js';

export type { Audit, Door, Probes } from './app.js';
export type ServeNeeds = AppNeeds;

/** Throws ERR_ALREADY_RUNNING, ERR_UNREACHABLE. */
export function serveControl(path: string, needs: ServeNeeds, isHeir = false): Promise<HttpServer> {
  return serveSocket(path, lazyListener(needs), isHeir);
}

/** Throws ERR_ADDRESS_IN_USE, ERR_UNREACHABLE. */
export function serveAdmin({ host, port }: { readonly host: string; readonly port: number }, needs: ServeNeeds, withinMs = 0): Promise<HttpServer> {
  return servePort(host, port, { listener: lazyListener(needs), withinMs });
}

function lazyListener(needs: ServeNeeds): RequestListener {
  let listener: RequestListener | undefined;
  return (request: IncomingMessage, response: ServerResponse) => {
    if (/^\/healthz(?:\?|$)/.test(request.url ?? '') && (request.method === 'GET' || request.method === 'HEAD')) return void response.end('ok\n');
    listener ??= requireFile<typeof import('./app.js')>(CONTROL_APP_FILE).createListener(needs);
    listener(request, response);
  };
}
