// A Eureka of one process: keeps a registry, refuses what the real server refuses, notes every call, and misbehaves when it is told to.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Instead of an answer: nothing at all, a header and then a byte now and then, or a body without end. */
export type Misbehaviour = number | 'hang' | 'trickle' | 'flood';

export interface Call {
  readonly method: string;
  /** As it came: still encoded. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: { readonly instance?: Record<string, unknown> } | undefined;
  readonly answered: number | Misbehaviour;
  /** Resolves when its connection is closed, whoever closed it. */
  readonly closed: Promise<unknown>;
}

const BASE = '/eureka';

export class EurekaStandIn {
  /** `APP/ID`, encoded, of whom it knows. */
  readonly known = new Set<string>();
  /** Every call in the order of arrival. */
  readonly calls: Call[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response).catch(() => response.destroy())); // It was cut on its way.
  #misbehave: Misbehaviour[] = [];
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  static async start(port = 0): Promise<EurekaStandIn> {
    const standIn = new EurekaStandIn();
    await once(standIn.#server.listen(port, '127.0.0.1'), 'listening');
    return standIn;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}${BASE}`;
  }
  /** `POST 204`, `PUT 404` …, in order. */
  get story(): string[] {
    return this.calls.map(({ method, answered }) => `${method} ${answered}`);
  }

  /** The next calls are answered so; those after them are served. */
  next(...answers: Misbehaviour[]): void {
    this.#misbehave.push(...answers);
  }

  /** Resolves when so many calls have come since the start: with the last of them. */
  async came(count: number): Promise<Call> {
    if (this.calls.length < count) await new Promise<void>(resolve => this.#waiting.push({ count, resolve }));
    const call = this.calls[count - 1];
    if (call === undefined) throw new Error(`call ${count} has not come`);
    return call;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server.close(), 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers, socket } = request;
    const closed = new Promise(resolve => socket.once('close', resolve));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const body = text === '' ? undefined : JSON.parse(text);
    const answered = this.#misbehave.shift() ?? this.#serviceOf(method, path, body);
    this.calls.push({ method, path, headers, body, answered, closed });
    if (typeof answered === 'number') response.writeHead(answered).end();
    else misbehave(answered, response);
    for (const { resolve } of this.#waiting.filter(({ count }) => count <= this.calls.length)) resolve();
    this.#waiting = this.#waiting.filter(({ count }) => count > this.calls.length);
  }

  /** ApplicationResource.addInstance, InstanceResource.renewLease and cancelLease of the real one. */
  #serviceOf(method: string, path: string, body: Call['body']): number {
    const [, app = '', id] = path.match(/^\/eureka\/apps\/([^/?]+)(?:\/([^/?]+))?$/) ?? [];
    if (method === 'POST' && app !== '' && id === undefined) return this.#add(app, body?.instance);
    if (app === '' || id === undefined) return 405;
    const key = `${app}/${id}`;
    if (method === 'PUT') return this.known.has(key) ? 200 : 404;
    return method === 'DELETE' ? (this.known.delete(key) ? 200 : 404) : 405;
  }

  #add(app: string, instance: Record<string, unknown> = {}): number {
    const missing = ['instanceId', 'hostName', 'ipAddr', 'app', 'dataCenterInfo'].filter(key => !instance[key]);
    const isOwn = encodeURIComponent(String(instance['app'])) === app && app === app.toUpperCase();
    if (missing.length > 0 || !isOwn || instance['status'] !== 'UP') return 400;
    this.known.add(`${app}/${encodeURIComponent(String(instance['instanceId']))}`);
    return 204;
  }
}

/** Until its connection is closed. */
function misbehave(how: Exclude<Misbehaviour, number>, response: ServerResponse): void {
  if (how === 'hang') return;
  response.writeHead(200);
  const text = how === 'flood' ? 'x'.repeat(65_536) : 'x';
  const timer = setInterval(() => response.write(text), how === 'flood' ? 1 : 10);
  response.once('close', () => clearInterval(timer));
}
