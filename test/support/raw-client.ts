// One connection, byte by byte: what a client on it sees when its worker is replaced.

import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

const ANSWER_MS = 20_000;

export interface RawClient extends Disposable {
  readonly socket: Socket;
  send(text: string): void;
  /** The next whole answer's body; rejects when the connection ends before. Answers have a Content-Length, or are chunked. */
  answer(): Promise<string>;
  /** A request without a body, and its answer. */
  ask(path?: string): Promise<string>;
}

export const request = (path = '/'): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

export async function openClient(target: number | NetConnectOpts): Promise<RawClient> {
  const socket = connect(typeof target === 'number' ? { host: '127.0.0.1', port: target } : target);
  await once(socket, 'connect');
  let heard = '';
  let ended: string | undefined;
  let look: () => void = () => {};
  const end = (reason: string) => {
    ended ??= reason;
    look();
  };
  socket.setEncoding('latin1');
  socket.on('data', text => {
    heard += text;
    look();
  });
  socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  socket.on('close', () => end('closed'));
  const answer = () =>
    new Promise<string>((resolve, reject) => {
      const fail = (reason: string) => {
        clearTimeout(timer);
        reject(new Error(reason));
      };
      const timer = setTimeout(() => fail(`no answer in ${ANSWER_MS} ms`), ANSWER_MS);
      look = () => {
        const whole = wholeAnswer(heard);
        if (whole === undefined) return ended === undefined ? undefined : fail(`the connection ended: ${ended}, after ${JSON.stringify(heard)}`);
        clearTimeout(timer);
        heard = heard.slice(whole.length);
        look = () => {};
        resolve(whole.body);
      };
      look();
    });
  return {
    socket,
    send: text => void socket.write(text),
    answer,
    ask: path => {
      socket.write(request(path));
      return answer();
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

function wholeAnswer(text: string): { readonly length: number; readonly body: string } | undefined {
  const at = text.indexOf('\r\n\r\n') + 4;
  if (at < 4) return undefined;
  const size = /^content-length: (\d+)/im.exec(text.slice(0, at))?.[1];
  if (size === undefined) return wholeChunks(text, at);
  const length = at + Number(size);
  return text.length < length ? undefined : { length, body: text.slice(at, length) };
}

function wholeChunks(text: string, start: number): { readonly length: number; readonly body: string } | undefined {
  let body = '';
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    const next = lineEnd + 2 + size + 2;
    if (text.length < next) return undefined;
    if (size === 0) return { length: next, body };
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = next;
  }
}
