// One HTTP call to somebody else's server, bounded in time and size. Our own control servers are asked by http-client.ts.

import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { afterUnref } from './clock.js';
import { requirePackage } from './require-package.js';

/** Of an answer's body, unless the call says otherwise. */
const MOST_BYTES = 64 * 1024;

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** http or https. A password in it is not sent: see `authorization`. */
  readonly url: URL;
  /** The whole header: `Basic …`. Default: none. */
  readonly authorization?: string | undefined;
  /** Sent as JSON. Default: no body. */
  readonly body?: unknown;
  /** Milliseconds from the call to the last byte of the answer: name look-up, connecting and a body that trickles included. */
  readonly limitMs: number;
  /** Of the answer's body; default 64 KiB. */
  readonly mostBytes?: number | undefined;
  /** Ends the call at once: nothing is sent from then on. */
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

/**
 * Any status is an answer; nothing is followed, nothing tried twice, no connection kept. Rejects when there is none: unreachable, broken
 * off, late, too long, aborted (with the signal's reason). No error of it says what was sent.
 */
export async function httpCall(call: HttpCall): Promise<HttpAnswer> {
  const { limitMs, signal, mostBytes = MOST_BYTES } = call;
  signal?.throwIfAborted();
  return await new Promise((resolve, reject) => {
    const asked = open(call, response => {
      void textOf(response, mostBytes).then(text => give(() => resolve({ status: response.statusCode ?? 0, text })), fail);
    });
    const give = (end: () => void) => {
      cancelLimit();
      signal?.removeEventListener('abort', onAbort);
      end();
    };
    const fail = (error: unknown) => {
      give(() => reject(error));
      asked.destroy();
    };
    const onAbort = () => fail(signal?.reason);
    const cancelLimit = afterUnref(limitMs, () => fail(new Error(`no answer within ${limitMs} ms`)));
    signal?.addEventListener('abort', onAbort);
    asked.on('error', fail); // Also after it has failed: a destroyed request says so once more.
  });
}

function open({ method, url, authorization, body }: HttpCall, onAnswer: (response: IncomingMessage) => void): ClientRequest {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    Accept: 'application/json',
    ...(authorization === undefined ? {} : { Authorization: authorization }),
    ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
  };
  const { protocol, hostname, port, pathname, search } = url;
  const where: RequestOptions = { host: hostname.replace(/^\[(.*)\]$/, '$1'), port, path: `${pathname}${search}` };
  const { request } = requirePackage<typeof import('node:http')>(protocol === 'https:' ? 'node:https' : 'node:http');
  const asked = request({ ...where, method, headers, agent: false }, onAnswer);
  asked.end(text);
  return asked;
}

async function textOf(response: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`its answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
