// Asks a control server: JSON answers, and streams of server-sent events.

import type { IncomingMessage } from 'node:http';
import { ClusterError, ERROR_KINDS, type ErrorCode, messageOf } from '../errors.js';
import { requirePackage } from './require-package.js';

/** A socket's path, or an address with a token. */
export type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number; readonly token: string | undefined };

export interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: unknown;
  /** Until the answer begins; undefined: as long as it takes. */
  readonly limitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Throws what the server says went wrong, or ERR_UNREACHABLE. */
export async function askJson(target: Target, question: Question): Promise<unknown> {
  const response = await open(target, question);
  const text = await textOf(response);
  if (response.statusCode !== 200) throw errorFrom(text, response.statusCode);
  return parsed(text);
}

/** Undefined unless it is answered with 200 in time. Never throws. */
export async function askText(target: Target, path: string, limitMs: number): Promise<string | undefined> {
  try {
    const response = await open(target, { method: 'GET', path, limitMs });
    const text = await textOf(response);
    return response.statusCode === 200 ? text : undefined;
  } catch {
    return undefined;
  }
}

/** One item for each event. Ends with the stream; throws when it breaks off. */
export async function* askStream(target: Target, question: Question): AsyncGenerator<unknown> {
  let rest = '';
  try {
    const response = await open(target, question);
    if (response.statusCode !== 200) throw errorFrom(await textOf(response), response.statusCode);
    response.setEncoding('utf8');
    for await (const chunk of response) {
      const blocks = (rest + String(chunk)).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const { event, data } = fieldsOf(block);
        if (event === 'end') return;
        if (event === 'error') throw errorFrom(data, 500);
        if (data !== '') yield parsed(data);
      }
    }
  } catch (error) {
    if (question.signal?.aborted) return;
    throw error instanceof ClusterError ? error : unreachable(messageOf(error));
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, as much of it as our server speaks. */
function fieldsOf(block: string): { readonly event: string; readonly data: string } {
  const field = (name: string) =>
    block
      .split('\n')
      .filter(line => line.startsWith(`${name}:`))
      .map(line => line.slice(name.length + 1).replace(/^ /, ''))
      .join('\n');
  return { event: field('event'), data: field('data') };
}

function open(target: Target, { method, path, body, limitMs, signal }: Question): Promise<IncomingMessage> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const token = 'token' in target ? target.token : undefined;
  const headers = {
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    ...(text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
  };
  const where = 'socketPath' in target ? { socketPath: target.socketPath, host: 'localhost' } : { host: target.host, port: target.port };
  const { request } = requirePackage<typeof import('node:http')>('node:http');
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, method, path, headers, agent: false, ...(signal && { signal }) }, response => {
      asked.setTimeout(0);
      resolve(response);
    });
    if (limitMs !== undefined) asked.setTimeout(limitMs, () => asked.destroy(new Error(`no answer within ${limitMs} ms`)));
    asked.once('error', error => reject(unreachable(messageOf(error))));
    asked.end(text);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  try {
    for await (const chunk of response) text += String(chunk);
  } catch (error) {
    throw unreachable(messageOf(error));
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unreachable('its answer is no JSON');
  }
}

const unreachable = (why: string) => new ClusterError('ERR_UNREACHABLE', `The instance cannot be asked: ${why}.`);

function errorFrom(text: string, status: number | undefined): ClusterError {
  const { error } = (parsed(text) ?? {}) as { error?: { code?: string; message?: string; details?: Record<string, unknown> } };
  const code = error?.code !== undefined && Object.hasOwn(ERROR_KINDS, error.code) ? (error.code as ErrorCode) : 'ERR_INTERNAL';
  return new ClusterError(code, error?.message ?? `status ${status}`, { details: error?.details ?? {} });
}
