// One request, and how it ended. Never rejects, never takes longer than the limit.

import { type Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Ledger, Outcome } from './account.js';

export const HUNG_MS = 10_000;

export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly isTls?: boolean;
  /** Undefined: a connection of its own. */
  readonly agent?: Agent | undefined;
  /** Sends the body; without it there is none. */
  readonly upload?: (request: ClientRequest) => void;
  /** What the answer must be. */
  readonly expected?: string;
  readonly limitMs?: number;
}

interface Ended {
  readonly outcome: Outcome;
  readonly reason: string;
}

export async function ask(asked: Asked, ledger: Ledger): Promise<Outcome> {
  const startedAt = performance.now();
  const { outcome, reason } = await end(asked, ledger);
  ledger.add(outcome, reason, performance.now() - startedAt);
  return outcome;
}

function end(asked: Asked, ledger: Ledger): Promise<Ended> {
  return new Promise(resolve => {
    const request = (asked.isTls ? httpsRequest : httpRequest)({
      host: '127.0.0.1',
      port: asked.port,
      path: asked.path,
      method: asked.upload ? 'POST' : 'GET',
      agent: asked.agent ?? false,
      rejectUnauthorized: false,
    });
    let response: IncomingMessage | undefined;
    const settle = (outcome: Outcome, reason: string) => {
      clearTimeout(timer);
      resolve({ outcome, reason });
      if (outcome !== 'ok') request.destroy();
    };
    const timer = setTimeout(() => settle('hung', response ? 'a response that does not end' : 'no response'), asked.limitMs ?? HUNG_MS);
    request.on('error', (error: NodeJS.ErrnoException) => settle(response ? 'cut' : outcomeOf(error, request), error.code ?? error.message));
    request.once('response', answer => {
      response = answer;
      read(answer, asked, ledger, settle);
    });
    if (asked.upload) asked.upload(request);
    else request.end();
  });
}

function read(answer: IncomingMessage, asked: Asked, ledger: Ledger, settle: (outcome: Outcome, reason: string) => void): void {
  let body = '';
  answer.setEncoding('utf8').on('data', text => {
    body += text;
  });
  answer.once('error', (error: NodeJS.ErrnoException) => settle('cut', error.code ?? error.message));
  answer.once('end', () => {
    if (!answer.complete) return settle('cut', 'incomplete');
    ledger.answeredBy(String(answer.headers['x-pid'] ?? '?'));
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) return settle('status', String(status));
    if (asked.expected !== undefined && body !== asked.expected) return settle('wrong', `${body.slice(0, 40)} instead of ${asked.expected}`);
    settle('ok', '');
  });
}

/** Before any response. A connection that ends without one is as good as reset. */
function outcomeOf({ code }: NodeJS.ErrnoException, request: ClientRequest): Outcome {
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ECONNRESET' || code === 'EPIPE') return request.reusedSocket ? 'resetReused' : 'resetFresh';
  return 'wrong';
}
