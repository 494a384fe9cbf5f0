import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createSecureServer as createSecureServer2, createServer as createServer2 } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer, type Server } from 'node:net';
import { test } from 'node:test';
import { injectRequest } from '../../lib/system/inject-request.js';
import { fixture } from '../support/fixtures.js';

const tls = { key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/cert.pem')) };
const tracker = () => ({ isInjecting: false, injected: new WeakSet<object>() });
const ask = (server: Server, path = '/', limitMs = 5_000) => injectRequest(server, { path, limitMs, tracker: tracker() });

function answer(request: Pick<IncomingMessage, 'url'>, response: Pick<ServerResponse, 'statusCode' | 'end'>): void {
  response.statusCode = request.url === '/no' ? 503 : 204;
  response.end();
}

const servers: Readonly<Record<string, () => Server>> = {
  http: () => createServer(answer),
  https: () => createTlsServer(tls, answer),
  'http2 without TLS': () => createServer2(answer as never),
  http2: () => createSecureServer2(tls, answer as never),
  'http2 that also speaks HTTP/1.1': () => createSecureServer2({ ...tls, allowHTTP1: true }, answer as never),
};

for (const [kind, make] of Object.entries(servers))
  test(`a server of ${kind} answers without listening`, async () => {
    const server = make();
    assert.deepEqual(await ask(server), { answer: 'status 204', ok: true });
    assert.deepEqual(await ask(server, '/no'), { answer: 'status 503', ok: false });
  });

test('what the application looks at in a socket is there', async () => {
  const server = createServer(({ socket }, response) => {
    response.statusCode = socket.setNoDelay(true).remoteAddress === '127.0.0.1' && !socket.setTimeout(5).destroyed ? 200 : 500;
    response.end('x'.repeat(1_000_000));
  });
  assert.deepEqual(await ask(server), { answer: 'status 200', ok: true });
});

test('no answer, and a connection that is closed, are answers too', async () => {
  const keepAlive = setInterval(() => {}, 1_000);
  using _ = { [Symbol.dispose]: () => clearInterval(keepAlive) };
  assert.deepEqual(
    await ask(
      createServer(() => {}),
      '/',
      20,
    ),
    { answer: 'no answer in 20 ms', ok: false },
  );
  const closed = await ask(createServer(({ socket }) => void socket.destroy()));
  assert.equal(closed?.ok, false);
  assert.doesNotMatch(closed?.answer ?? 'no answer', /no answer/);
});

test('what speaks no HTTP cannot be asked', () => {
  assert.equal(ask(createTcpServer()), undefined);
});
