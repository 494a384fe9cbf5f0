// A client whose connections are its own: nothing is pooled, nothing retried.

import { Agent, get, type RequestOptions } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly connection: string | undefined;
}

export function ask(target: number | RequestOptions, path = '/'): Promise<Answer> {
  const options: RequestOptions = typeof target === 'number' ? { host: '127.0.0.1', port: target } : target;
  return new Promise((resolve, reject) => {
    const request = get({ agent: false, timeout: 15_000, ...options, path }, response => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        body += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body, connection: response.headers.connection }));
      response.once('error', reject);
    });
    request.once('timeout', () => request.destroy(new Error('no answer in 15 s')));
    request.once('error', reject);
  });
}

export const bodyOf = async (target: number | RequestOptions, path = '/'): Promise<string> => (await ask(target, path)).body;

/** One that reuses its connections. */
export function keepAliveAgent(): Agent & Disposable {
  const agent = new Agent({ keepAlive: true });
  return Object.assign(agent, { [Symbol.dispose]: () => agent.destroy() });
}

export interface Load {
  /** Ends it and tells what came of it. */
  end(): Promise<{ readonly served: number; readonly failed: readonly string[] }>;
}

/** So many clients that ask without a pause until ended; `keepAlive` reuses connections. At most 60 s and 200,000 requests. */
export function startLoad(port: number, { clients = 8, keepAlive = false, path = '/' } = {}): Load {
  const agent = new Agent({ keepAlive, maxSockets: clients });
  const failed: string[] = [];
  let served = 0;
  let isOver = false;
  const until = performance.now() + 60_000;
  const client = async () => {
    while (!isOver && performance.now() < until && served + failed.length < 200_000) {
      const error = await ask({ host: '127.0.0.1', port, agent }, path).then(
        ({ status }) => (status === 200 ? undefined : `status ${status}`),
        (reason: NodeJS.ErrnoException) => reason.code ?? reason.message,
      );
      if (error === undefined) served++;
      else failed.push(error);
    }
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    end: async () => {
      isOver = true;
      await all;
      agent.destroy();
      return { served, failed };
    },
  };
}
