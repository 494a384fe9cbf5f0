// The control API as a hono app: one route for each verb of the table. Loaded with the first request.

import type { RequestListener } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { ClusterError, EXIT_CODES, isClusterError, messageOf } from '../errors.js';
import { ARGUMENTS, argumentIssues } from '../protocol/control.generated.js';
import {
  type Access,
  fromQuery,
  LOCAL_ARGUMENTS,
  MOST_BODY_BYTES,
  type StreamVerb,
  type Surface,
  VERB_NAMES,
  VERBS,
  type VerbName,
} from '../protocol/control.js';
import { isOwnHost } from '../system/admin-address.js';
import { afterUnref } from '../system/clock.js';
import { matchesToken } from '../system/tokens.js';
import { openApi } from './openapi.js';

export interface AppNeeds {
  readonly surface: Surface;
  readonly probes: Probes;
  readonly audit: (entry: Audit) => void;
  readonly version: string;
  /** Undefined: the UNIX socket, whose owner may do everything. */
  readonly door?: Door | undefined;
}

export interface Probes {
  isReady(): boolean;
  /** Prometheus text. */
  metrics(): Promise<string>;
}

export interface Door {
  readonly host: string;
  readonly tokens: Readonly<Record<Access, string>>;
}

export interface Audit {
  readonly verb: VerbName;
  readonly args: unknown;
  readonly by: string;
  readonly error?: string | undefined;
}

/** Of one door: who follows there takes nothing from the other. */
interface Streams {
  open: number;
}

type Env = { Bindings: HttpBindings; Variables: { access: Access } };

export function createListener(needs: AppNeeds): RequestListener {
  const app = createApp(needs);
  return getRequestListener(app.fetch, { overrideGlobalObjects: false }) as RequestListener;
}

export function createApp(needs: AppNeeds): Hono<Env> {
  const app = new Hono<Env>();
  const streams: Streams = { open: 0 };
  app.get('/readyz', c => (needs.probes.isReady() ? c.text('ready\n') : c.text('not ready\n', 503)));
  app.use((c, next) => {
    c.set('access', accessOf(c, needs.door));
    return next();
  });
  app.get('/metrics', async c => c.text(await needs.probes.metrics(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }));
  app.get('/openapi.json', c => c.json(openApi(needs.version)));
  for (const name of VERB_NAMES) app.on(VERBS[name].method, VERBS[name].path, c => answer(c, name, { ...needs, streams }));
  app.notFound(c => failure(c, new ClusterError('ERR_UNKNOWN_VERB', `There is no ${c.req.method} ${c.req.path}. GET /openapi.json lists what there is.`)));
  app.onError((error, c) => failure(c, error));
  return app;
}

/** Throws ERR_UNAUTHORIZED, ERR_FORBIDDEN. */
function accessOf(c: Context<Env>, door: Door | undefined): Access {
  if (door === undefined) return 'operate';
  const host = c.req.header('host');
  if (!isOwnHost(host, door.host))
    throw new ClusterError('ERR_FORBIDDEN', `The Host header ${JSON.stringify(host ?? '')} is not this server's. Use its address.`);
  const origin = c.req.header('origin');
  if (origin !== undefined && origin !== `http://${host}`)
    throw new ClusterError('ERR_FORBIDDEN', `Requests from pages of ${JSON.stringify(origin)} are not answered.`);
  const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1] ?? '';
  if (matchesToken(token, door.tokens.operate)) return 'operate';
  if (matchesToken(token, door.tokens.read)) return 'read';
  throw new ClusterError('ERR_UNAUTHORIZED', 'A token is needed: Authorization: Bearer TOKEN. It is in the file that was named at the start.');
}

async function answer(c: Context<Env>, verb: VerbName, { surface, audit, door, streams }: AppNeeds & { readonly streams: Streams }): Promise<Response> {
  const { access, method } = VERBS[verb];
  if (access === 'operate' && c.get('access') !== 'operate') throw new ClusterError('ERR_FORBIDDEN', `${verb} changes something: this token may only read.`);
  const args = await argumentsOf(c, verb);
  const issues = argumentIssues(verb, args);
  if (issues.length > 0) throw new ClusterError('ERR_INVALID_ARGUMENTS', `${verb}: ${issues.join('; ')}`, { details: { issues } });
  const local = door === undefined ? undefined : LOCAL_ARGUMENTS[verb]?.find(name => name in args);
  if (local !== undefined) throw new ClusterError('ERR_FORBIDDEN', `${verb}: ${local} may be given on the control socket only.`);
  if (isStream(verb)) return stream(c, streams, signal => surface[verb](args as never, signal) as AsyncIterable<unknown>);
  const call = surface[verb] as (args: unknown) => Promise<unknown>;
  if (method === 'GET') return c.json((await call(args)) as object);
  const by = c.env.incoming?.socket.remoteAddress ?? 'the control socket';
  try {
    const result = await call(args);
    audit({ verb, args, by });
    return c.json((result ?? {}) as object);
  } catch (error) {
    audit({ verb, args, by, error: messageOf(error).split('\n')[0] });
    throw error;
  }
}

const isStream = (verb: VerbName): verb is StreamVerb => 'isStream' in VERBS[verb];

/** Followers stay for long: the rest of the connections is for those who ask and go. */
const MOST_STREAMS = 32;

/** A client that has not read for so long is cut. */
const STALLED_MS = 30_000;

/** Each item an event; an error is one too, and ends the stream. A client that does not read holds up its own stream only. */
function stream(c: Context<Env>, streams: Streams, open: (signal: AbortSignal) => AsyncIterable<unknown>): Response {
  if (c.req.method === 'HEAD') return c.body(null); // Nobody would read it, nor end it.
  if (streams.open >= MOST_STREAMS) throw new ClusterError('ERR_TOO_MANY', `${MOST_STREAMS} clients follow already. Close one.`);
  const gone = new AbortController();
  const items = open(gone.signal); // What is wrong at once is an answer, not an event.
  streams.open++;
  gone.signal.addEventListener('abort', () => {
    streams.open--;
  });
  const cut = () => {
    gone.abort();
    c.env.incoming?.socket.destroy();
  };
  return streamSSE(c, async sse => {
    sse.onAbort(() => gone.abort());
    const write = async (message: { event?: string; data: string }) => {
      const cancel = afterUnref(STALLED_MS, cut);
      await sse.writeSSE(message);
      cancel();
    };
    try {
      for await (const item of items) await write({ data: JSON.stringify(item) });
      await write({ event: 'end', data: '{}' });
    } catch (error) {
      await write({ event: 'error', data: JSON.stringify(errorBody(error)) });
    } finally {
      gone.abort();
    }
  });
}

/** Query, path and body together: a GET has no body, a POST no query. */
async function argumentsOf(c: Context<Env>, verb: VerbName): Promise<Record<string, unknown>> {
  const { properties } = ARGUMENTS[verb];
  const inPath = fromQuery(c.req.param() as Record<string, string>, properties);
  if (VERBS[verb].method === 'GET') return { ...fromQuery(c.req.query(), properties), ...inPath };
  return { ...(await body(c)), ...inPath };
}

async function body(c: Context<Env>): Promise<Record<string, unknown>> {
  const tooLarge = new ClusterError('ERR_TOO_LARGE', `The body may have ${MOST_BODY_BYTES} bytes.`);
  if (Number(c.req.header('content-length') ?? 0) > MOST_BODY_BYTES) throw tooLarge;
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of c.req.raw.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MOST_BODY_BYTES) throw tooLarge;
  }
  if (text.trim() === '') return {};
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ClusterError('ERR_INVALID_ARGUMENTS', 'The body should be a JSON object.');
  return { ...value };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ClusterError('ERR_INVALID_ARGUMENTS', `The body is no JSON: ${messageOf(error)}`);
  }
}

const HTTP_STATUS: Readonly<Record<string, number>> = {
  ERR_UNKNOWN_VERB: 404,
  ERR_TOO_LARGE: 413,
  ERR_TOO_MANY: 429,
  ERR_UNAUTHORIZED: 401,
  ERR_FORBIDDEN: 403,
  ERR_UNKNOWN_NAME: 404,
};

function failure(c: Context, error: unknown): Response {
  const { code, exitCode } = errorBody(error).error;
  const status = HTTP_STATUS[code] ?? (exitCode === EXIT_CODES.usage ? 400 : exitCode === EXIT_CODES.bug ? 500 : 409);
  return c.json(errorBody(error), status as 400);
}

function errorBody(error: unknown) {
  const known = isClusterError(error) ? error : new ClusterError('ERR_INTERNAL', messageOf(error));
  return { error: { code: known.code, message: known.message, details: known.details, exitCode: EXIT_CODES[known.kind] } };
}
