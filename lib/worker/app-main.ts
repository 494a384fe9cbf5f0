// Main module of an app worker under a framework: builds the Application, serves its callback.

import { workerLogger } from '../observe/logger.js';
import { hasReusePort } from '../system/environment.js';
import { resolveHttps, type TlsOptions } from '../system/https-files.js';
import { onFatal } from '../system/output-tap.js';
import { sendUserMessage } from '../system/uplink.js';
import { workerContext } from './context.js';
import { closeThenExit, type FrameworkInstance, loadFramework, readOptions, type WorkerOptions } from './framework.js';
import { createFrameworkServer, type FrameworkServer, type ServerError } from './framework-server.js';

interface Application extends FrameworkInstance {
  readonly config?: { readonly cluster?: { readonly listen?: ListenConfig; readonly https?: TlsOptions } };
  readonly options?: Record<string, unknown>;
  callback(): (request: unknown, response: unknown) => void;
}

interface ListenConfig {
  readonly port?: unknown;
  readonly hostname?: string;
  readonly path?: string;
  readonly reusePort?: boolean;
}

interface Target {
  readonly port: unknown;
  readonly hostname: string | undefined;
  readonly path: string | undefined;
  readonly reusePort: boolean;
}

const HTTP_PORT = 7_001;
const HTTPS_PORT = 8_443;

const logger = workerLogger('app');

function fail(error: unknown, what = 'start error'): void {
  if (error !== undefined) logger.error(error);
  logger.error(`[app_worker] ${what}, exiting with code:1`);
  void closeThenExit(1, logger);
}

/** The app may set its port in code: in the very object it was given, in its `options`, or in its configuration. */
function targetOf(app: Application, options: WorkerOptions, isHttps: boolean): Target {
  const listen = app.config?.cluster?.listen;
  // egg's own configuration always says 7001: with the https option that is nobody's wish. null is a mistake, and said so.
  const isDefaulted = listen?.port === undefined || (listen.port === HTTP_PORT && Boolean(options['https']));
  const own = isDefaulted ? (isHttps ? HTTPS_PORT : HTTP_PORT) : listen.port;
  const isGiven = workerContext()?.boot.isPortGiven || options['port'] !== HTTPS_PORT;
  const port = (isGiven ? options['port'] : undefined) ?? own;
  return {
    port: toPort(port),
    hostname: (options['host'] as string | undefined) ?? listen?.hostname,
    path: listen?.path,
    reusePort: wantsReusePort(options, listen),
  };
}

/** Where Node has none, the sockets are shared as always. */
function wantsReusePort(options: WorkerOptions, listen: ListenConfig | undefined): boolean {
  const isAsked = Boolean(options['reusePort'] || listen?.reusePort);
  if (isAsked && !hasReusePort()) logger.warn('[app_worker] reusePort needs Node 22.12 on Linux: all workers share one listening socket instead');
  return isAsked && hasReusePort();
}

function toPort(port: unknown): unknown {
  return typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port;
}

function listen(server: FrameworkServer, { port, hostname, path, reusePort }: Target, debugPort: unknown): void {
  server.on('error', (error: ServerError) => {
    logger.error(error);
    logger.error(`[app_worker] server got error: ${error.message}, code: ${error.code}`);
    if (!server.listening) void closeThenExit(1, logger);
  });
  if (path !== undefined && path !== '') return void server.listen(path);
  if (typeof port !== 'number') {
    logger.error(`[app_worker] port should be number, but got ${String(port)}(${typeof port})`);
    return void closeThenExit(1, logger);
  }
  listenBeside(server, toPort(debugPort)); // First: when the application's own port listens, the worker counts as started.
  server.listen({ port, ...(hostname === undefined ? {} : { host: hostname }), ...(reusePort ? { reusePort } : {}) });
}

/** A port for debugging must not cost the application its life. */
function listenBeside(server: FrameworkServer, debugPort: unknown): void {
  if (typeof debugPort !== 'number') return;
  const companion = server.companion();
  companion.on('error', error => logger.error(error));
  companion.listen(debugPort);
}

async function main(): Promise<void> {
  await workerContext()?.mayRun;
  const options = await readOptions();
  await loadFramework<Application>('Application', options, app => attend(app, options));
}

function attend(app: Application, options: WorkerOptions): void {
  let hasFailed = false;
  const failOnce = (error: unknown, what?: string) => {
    if (!hasFailed) fail(error, what);
    hasFailed = true;
  };
  let isBooting = true;
  // An 'error' that nobody listens to is thrown and ends the process: told as egg tells errors first. A listener would be counted by egg's tests.
  onFatal({ onError: error => isBooting && logger.error(error), onExit: () => {} });
  app.once?.('startTimeout', () => failOnce(undefined, 'start timeout'));
  app.ready(error => {
    if (error) return failOnce(error); // It may come as 'error' too.
    isBooting = false;
    serve(app, options).catch(failOnce);
  });
}

/** Where the application looks for its own port: egg 3 in the options it was given, egg 4 in its `options`. */
function publish(app: Application, options: WorkerOptions, { port, reusePort }: Target): void {
  for (const seen of new Set([options, app.options])) {
    if (typeof seen !== 'object' || seen === null) continue;
    Reflect.set(seen, 'port', port); // Does not throw where a framework has frozen it.
    Reflect.set(seen, 'reusePort', reusePort);
  }
}

async function serve(app: Application, options: WorkerOptions): Promise<void> {
  const https = resolveHttps({ ...app.config?.cluster?.https, ...(options['https'] as TlsOptions | undefined) });
  const target = targetOf(app, options, https !== undefined);
  publish(app, options, target);
  sendUserMessage({ to: 'master', action: 'realport', data: { port: target.path || target.port, protocol: https ? 'https' : 'http' } });
  const server = await createFrameworkServer(app.callback(), https);
  app.emit?.('server', server);
  listen(server, target, options['debugPort']);
}

main().catch((error: unknown) => fail(error));
