// What an application may export, and the server that makes it answer.

import { createServer, type Server as HttpServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { ServerOptions } from 'node:https';
import { Server } from 'node:net';

export interface ServeFacts {
  readonly port: number;
  readonly host?: string | undefined;
  readonly https?: ServerOptions | undefined;
}

interface FastifyLike {
  readonly server: HttpServer;
  ready(): Promise<unknown>;
  listen: unknown;
}

const has = <K extends string>(value: unknown, key: K): value is Record<K, unknown> =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && key in value;

/** How deep a function that returns a function that returns … may go. */
const DEEPEST = 3;

/**
 * A request listener or Express app (a function of two parameters), a Koa app (`callback()`), a Fastify instance, a
 * `{ fetch }` handler (Hono), an `http.Server`, or a function, async too, that returns one of these. Undefined for anything else.
 * @param hasListened a function may just as well listen by itself and return something nobody should serve
 */
export async function toServer(exported: unknown, facts: ServeFacts, hasListened: () => boolean, depth = 0): Promise<Server | undefined> {
  if (exported instanceof Server) return exported;
  if (isFastify(exported)) {
    await exported.ready();
    return exported.server;
  }
  const listener = await toListener(exported);
  if (listener) return facts.https ? (await import('node:https')).createServer(facts.https, listener) : createServer(listener);
  if (typeof exported !== 'function' || depth >= DEEPEST) return undefined;
  const made = await (exported as (facts: ServeFacts) => unknown)(facts);
  return hasListened() ? undefined : toServer(made, facts, hasListened, depth + 1);
}

async function toListener(exported: unknown): Promise<RequestListener | undefined> {
  if (has(exported, 'callback') && typeof exported.callback === 'function') return exported.callback() as RequestListener;
  if (isFetchHandler(exported)) return fetchListener(exported);
  if (typeof exported !== 'function') return undefined;
  const isListener = exported.length >= 2 || has(exported, 'handle');
  return isListener ? (exported as (request: IncomingMessage, response: ServerResponse) => void) : undefined;
}

type FetchHandler = { fetch(request: Request, env: unknown): Response | Promise<Response> };

function isFetchHandler(exported: unknown): exported is FetchHandler {
  return has(exported, 'fetch') && typeof exported.fetch === 'function';
}

/** The translation between Node's and the web's requests is @hono/node-server's. */
async function fetchListener(handler: FetchHandler): Promise<RequestListener> {
  const { getRequestListener } = await import('@hono/node-server');
  return getRequestListener((request, env) => handler.fetch(request, env)) as RequestListener;
}

function isFastify(exported: unknown): exported is FastifyLike {
  return has(exported, 'ready') && has(exported, 'server') && has(exported, 'inject') && exported.server instanceof Server;
}
