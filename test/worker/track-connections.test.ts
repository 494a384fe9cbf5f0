// By the door, as an application has it: a file of its own, that shares no module with the runtime.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, connect as connectHttp2, createSecureServer as createSecureServer2, createServer as createServer2 } from 'node:http2';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { suite, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { type TrackedConnections, trackConnections } from '../../lib/worker.js';
import { eventually } from '../support/eventually.js';
import { fixture } from '../support/fixtures.js';
import { openClient, request } from '../support/raw-client.js';

const tls = { key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/cert.pem')) };
const NEVER = AbortSignal.any([]);

interface Held {
  readonly connections: TrackedConnections;
  readonly server: Server;
  readonly port: number;
}

async function listening(server: Server): Promise<Held> {
  const connections = trackConnections(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { connections, server, port: (server.address() as AddressInfo).port };
}

/** Answers at once, but for /wait: that emits 'waiting', and is the test's to answer. Emits 'answered'. */
class App extends EventEmitter {
  readonly listener = (asked: IncomingMessage, response: ServerResponse): void => {
    if (asked.url === '/wait') this.emit('waiting', response);
    else response.end('ok', () => this.emit('answered', response));
  };

  async waiting(): Promise<ServerResponse> {
    const [response] = await once(this, 'waiting');
    return response as ServerResponse;
  }
}

const isStopped = (server: Server) => eventually(() => !server.listening);

/** One that has connected, and sent nothing. */
async function openTls(port: number, ALPNProtocols?: string[]) {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) });
  await once(socket, 'secureConnect');
  return socket.on('error', () => {});
}

async function openHttp2(url: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  await once(session, 'remoteSettings');
  return session.on('error', () => {});
}

/** The answer to a request over HTTP/2. */
async function askHttp2(session: ClientHttp2Session, path: string): Promise<string> {
  let text = '';
  for await (const part of session.request({ ':path': path })) text += String(part);
  return text;
}

suite('trackConnections', { concurrency: 4 }, () => {
  test('idle kept-alive connections are counted, and ended at once', async () => {
    const { connections, server, port } = await listening(createServer(new App().listener));
    using one = await openClient(port);
    using other = await openClient(port);
    await Promise.all([one.ask(), other.ask()]);
    assert.deepEqual([connections.connections, connections.busy], [2, 0]);
    const ended = Promise.all([once(one.socket, 'close'), once(other.socket, 'close')]);
    assert.deepEqual(await connections.closeGracefully(NEVER), { idle: 2, finished: 0, destroyed: 0 });
    await ended;
    assert.deepEqual([connections.connections, server.listening], [0, false]);
  });

  test('a busy one is waited for, is told that its connection ends, and counts as finished', async () => {
    const app = new App();
    const { connections, server, port } = await listening(createServer(app.listener));
    using idle = await openClient(port);
    using busy = await openClient(port);
    await idle.ask();
    busy.send(request('/wait'));
    const response = await app.waiting();
    assert.deepEqual([connections.connections, connections.busy], [2, 1]);
    const closed = connections.closeGracefully(NEVER);
    await once(idle.socket, 'close');
    assert.deepEqual([connections.connections, connections.busy, server.listening], [1, 1, false]);
    response.end('done');
    assert.equal(response.getHeader('connection'), 'close');
    assert.equal(await busy.answer(), 'done');
    assert.deepEqual(await closed, { idle: 1, finished: 1, destroyed: 0 });
  });

  test('one whose response was begun before is ended after it, and counts as finished', async () => {
    const app = new App();
    const { connections, server, port } = await listening(createServer(app.listener));
    using client = await openClient(port);
    client.send(request('/wait'));
    const response = await app.waiting();
    response.writeHead(200, { 'Content-Length': 4 }).flushHeaders();
    const closed = connections.closeGracefully(NEVER);
    await isStopped(server);
    response.end('done');
    assert.equal(await client.answer(), 'done');
    assert.deepEqual(await closed, { idle: 0, finished: 1, destroyed: 0 });
  });

  test('a request that has arrived is not cut, however long the loop was busy', async () => {
    const app = new App();
    const { connections, port } = await listening(createServer(app.listener));
    using idle = await openClient(port);
    using client = await openClient(port);
    await idle.ask();
    client.send(request('/wait'));
    const response = await app.waiting();
    response.writeHead(200, { 'Content-Length': 4 }).flushHeaders();
    const closed = connections.closeGracefully(NEVER);
    await once(idle.socket, 'close'); // It has just looked who is idle, and will look again in the middle of what follows.
    response.end('done');
    assert.equal(await client.answer(), 'done');
    client.send(request());
    const until = performance.now() + 100;
    while (performance.now() < until);
    assert.equal(await client.answer(), 'ok');
    assert.deepEqual(await closed, { idle: 1, finished: 1, destroyed: 0 });
  });

  test('one that never ends is destroyed at the deadline, and only then', async () => {
    const app = new App();
    const { connections, server, port } = await listening(createServer(app.listener));
    using client = await openClient(port);
    client.send(request('/wait'));
    await app.waiting();
    const enough = new AbortController();
    const closed = connections.closeGracefully(enough.signal);
    await isStopped(server);
    assert.equal(connections.busy, 1);
    const lost = assert.rejects(client.answer(), /the connection ended/);
    enough.abort();
    assert.deepEqual(await closed, { idle: 0, finished: 0, destroyed: 1 });
    await lost;
    assert.equal(connections.connections, 0);
  });

  test('a request of which a part has come is waited for', async () => {
    const { connections, port } = await listening(createServer(new App().listener));
    using idle = await openClient(port);
    using client = await openClient(port);
    await Promise.all([idle.ask(), client.ask()]);
    client.send('GET / HTTP/1.1\r\nHost: ');
    await eventually(() => connections.busy === 1);
    const closed = connections.closeGracefully(NEVER);
    await once(idle.socket, 'close');
    client.send('a\r\n\r\n');
    assert.equal(await client.answer(), 'ok');
    assert.deepEqual(await closed, { idle: 1, finished: 1, destroyed: 0 });
  });

  test('who has connected and not yet spoken may still ask, and is told then', async () => {
    const app = new App();
    const { connections, port } = await listening(createServer(app.listener));
    using idle = await openClient(port);
    using silent = await openClient(port);
    await idle.ask();
    const closed = connections.closeGracefully(NEVER);
    await once(idle.socket, 'close');
    const answered = once(app, 'answered');
    assert.equal(await silent.ask(), 'ok');
    assert.equal((await answered)[0].getHeader('connection'), 'close');
    assert.deepEqual(await closed, { idle: 1, finished: 1, destroyed: 0 });
  });

  test('who queues is served, and the numbers add up', async () => {
    const { connections, port } = await listening(createServer(new App().listener));
    const CLIENTS = 20;
    const answers = Promise.all(
      Array.from({ length: CLIENTS }, async () => {
        using client = await openClient(port);
        return await client.ask();
      }),
    );
    await new Promise<void>(resolve => process.nextTick(resolve));
    assert.deepEqual(await connections.closeGracefully(NEVER), { idle: 0, finished: CLIENTS, destroyed: 0 });
    assert.deepEqual(new Set(await answers), new Set(['ok']));
  });

  for (const [kind, ask] of [
    ['upgraded', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a CONNECT tunnel', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ] as const)
    test(`${kind}: busy as long as it lasts`, async () => {
      const server = createServer();
      const { connections, port } = await listening(server);
      const tunnel = (_: IncomingMessage, socket: Socket) => {
        socket.on('error', () => {}).write('HTTP/1.1 101 ok\r\nContent-Length: 0\r\n\r\n');
        socket.pipe(socket);
      };
      server.on('upgrade', tunnel).on('connect', tunnel);
      using lasting = await openClient(port);
      using ending = await openClient(port);
      lasting.send(ask);
      ending.send(ask);
      await Promise.all([lasting.answer(), ending.answer()]);
      assert.deepEqual([connections.connections, connections.busy], [2, 2]);
      const enough = new AbortController();
      const closed = connections.closeGracefully(enough.signal);
      await isStopped(server);
      ending.socket.destroy();
      await eventually(() => connections.connections === 1);
      assert.equal(connections.busy, 1);
      assert.equal(lasting.socket.destroyed, false);
      enough.abort();
      assert.deepEqual(await closed, { idle: 0, finished: 1, destroyed: 1 });
    });

  for (const [kind, make, protocol] of [
    ['without TLS', (app: App) => createServer2(app.listener as never), 'http'],
    ['with TLS', (app: App) => createSecureServer2(tls, app.listener as never), 'https'],
  ] as const)
    test(`HTTP/2 ${kind}: sessions are told to go; idle ones end, open streams are finished or cut`, async () => {
      const app = new App();
      const { connections, port } = await listening(make(app));
      const url = `${protocol}://127.0.0.1:${port}`;
      const [idle, busy, endless] = await Promise.all([openHttp2(url), openHttp2(url), openHttp2(url)]);
      assert.equal(await askHttp2(idle, '/'), 'ok');
      const answer = askHttp2(busy, '/wait');
      const response = await app.waiting();
      endless.request({ ':path': '/wait' }).on('error', () => {});
      await app.waiting();
      assert.deepEqual([connections.connections, connections.busy], [3, 2]);

      const told = Promise.all([idle, busy, endless].map(session => once(session, 'goaway')));
      const enough = new AbortController();
      const closed = connections.closeGracefully(enough.signal);
      for (const [, lastStream] of await told) assert.equal(lastStream, 2 ** 31 - 1, 'no stream is refused');
      await eventually(() => connections.connections === 2);
      response.end('done');
      assert.equal(await answer, 'done');
      await eventually(() => connections.connections === 1);
      assert.equal(connections.busy, 1);
      enough.abort();
      assert.deepEqual(await closed, { idle: 1, finished: 1, destroyed: 1 });
    });

  for (const [when, isConnected] of [
    ['that is on its way when its session is told to go', true],
    ['that queues with its connection', false],
  ] as const)
    test(`HTTP/2: a request ${when} is answered`, async () => {
      const { connections, port } = await listening(createServer2(new App().listener as never));
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      if (isConnected) await once(session, 'remoteSettings');
      const told = once(session, 'goaway');
      const answer = askHttp2(session, '/');
      await new Promise<void>(resolve => process.nextTick(resolve));
      assert.equal(connections.connections, isConnected ? 1 : 0);
      const closed = connections.closeGracefully(NEVER);
      assert.equal((await told)[1], 2 ** 31 - 1);
      assert.equal(await answer, 'ok');
      assert.deepEqual(await closed, { idle: 0, finished: 1, destroyed: 0 });
    });

  test('a server that speaks HTTP/2 and HTTP/1.1 on one port: both are idle when they are', async () => {
    const { connections, port } = await listening(createSecureServer2({ ...tls, allowHTTP1: true }, new App().listener as never));
    const session = await openHttp2(`https://127.0.0.1:${port}`);
    assert.equal(await askHttp2(session, '/'), 'ok');
    const old = await openTls(port, ['http/1.1']);
    old.write(request());
    await once(old, 'data');
    await eventually(() => connections.busy === 0);
    assert.equal(connections.connections, 2);
    assert.deepEqual(await connections.closeGracefully(NEVER), { idle: 2, finished: 0, destroyed: 0 });
  });

  test('https: idle, busy and silent ones', async () => {
    const app = new App();
    const { connections, port } = await listening(createSecureServer(tls, app.listener));
    const [idle, busy, silent] = await Promise.all([openTls(port), openTls(port), openTls(port)]);
    idle.write(request());
    await once(idle, 'data');
    busy.write(request('/wait'));
    const response = await app.waiting();
    await eventually(() => connections.busy === 1);
    assert.equal(connections.connections, 3);
    const closed = connections.closeGracefully(NEVER);
    await once(idle.resume(), 'close');
    assert.equal(silent.destroyed, false);
    await once(silent.resume(), 'close');
    response.end('done');
    await once(busy.resume(), 'close');
    assert.deepEqual(await closed, { idle: 2, finished: 1, destroyed: 0 });
  });

  test('plain TCP: nobody knows what is idle, so all are waited for', async () => {
    const server = createTcpServer(socket => socket.on('error', () => {}).resume());
    const { connections, port } = await listening(server);
    using leaving = await openClient(port);
    using staying = await openClient(port);
    await eventually(() => connections.busy === 2);
    const enough = new AbortController();
    const closed = connections.closeGracefully(enough.signal);
    await isStopped(server);
    leaving.socket.end();
    await eventually(() => connections.connections === 1);
    assert.equal(staying.socket.destroyed, false);
    enough.abort();
    assert.deepEqual(await closed, { idle: 0, finished: 1, destroyed: 1 });
  });

  test('plain TLS: the same', async () => {
    const server = createTlsServer(tls, socket => socket.on('error', () => {}).resume());
    const { connections, port } = await listening(server);
    const [leaving, staying] = await Promise.all([openTls(port), openTls(port)]);
    await eventually(() => connections.busy === 2);
    const enough = new AbortController();
    const closed = connections.closeGracefully(enough.signal);
    await isStopped(server);
    leaving.resume().end();
    await eventually(() => connections.connections === 1);
    assert.equal(staying.destroyed, false);
    enough.abort();
    assert.deepEqual(await closed, { idle: 0, finished: 1, destroyed: 1 });
  });
});

suite('its deadline', { concurrency: 4 }, () => {
  async function withBusy(): Promise<Held & AsyncDisposable> {
    const app = new App();
    const held = await listening(createServer(app.listener));
    const client = await openClient(held.port);
    client.send(request('/wait'));
    await app.waiting();
    return { ...held, [Symbol.asyncDispose]: async () => client[Symbol.dispose]() };
  }

  test('a second call gives the same promise, and its shorter deadline counts', async () => {
    await using held = await withBusy();
    const { connections } = held;
    const closed = connections.closeGracefully({ withinMs: 3_600_000 });
    assert.equal(connections.closeGracefully(), closed);
    assert.equal(connections.closeGracefully({ withinMs: 1 }), closed);
    assert.deepEqual(await closed, { idle: 0, finished: 0, destroyed: 1 });
    assert.equal(connections.closeGracefully({ withinMs: 3_600_000 }), closed, 'also when it is over; the test ends, so no timer is left');
  });

  test('a later one changes nothing', async () => {
    await using held = await withBusy();
    const closed = held.connections.closeGracefully({ withinMs: 1 });
    void held.connections.closeGracefully({ withinMs: 3_600_000 });
    assert.deepEqual(await closed, { idle: 0, finished: 0, destroyed: 1 });
  });

  test('one that is over already', async () => {
    await using held = await withBusy();
    assert.deepEqual(await held.connections.closeGracefully(AbortSignal.abort()), { idle: 0, finished: 0, destroyed: 1 });
  });

  test('what is none is refused, and nothing is closed', async () => {
    const { connections, server } = await listening(createServer());
    for (const wrong of [{ withinMs: -1 }, { withinMs: Number.NaN }, {}, 0, null])
      await assert.rejects(connections.closeGracefully(wrong as never), { code: 'ERR_INVALID_ARGUMENTS' });
    assert.equal(server.listening, true);
    await connections.closeGracefully();
  });
});

suite('the server after that', () => {
  test('its own close() is told, as if it had come first', async () => {
    const { connections, server, port } = await listening(createServer(new App().listener));
    using client = await openClient(port);
    await client.ask();
    const closed = connections.closeGracefully(NEVER);
    assert.equal(await new Promise(resolve => server.close(resolve)), undefined);
    assert.equal(await new Promise(resolve => server.close(resolve)), undefined);
    await closed;
  });

  test('it may listen again, and is closed again', async () => {
    const { connections, server } = await listening(createServer(new App().listener));
    assert.deepEqual(await connections.closeGracefully(), { idle: 0, finished: 0, destroyed: 0 });
    const { port } = await listening(server);
    assert.equal(Object.hasOwn(server, 'close'), false);
    using client = await openClient(port);
    assert.equal(await client.ask(), 'ok');
    assert.deepEqual(await connections.closeGracefully(NEVER), { idle: 1, finished: 0, destroyed: 0 });
  });

  test('asked for twice, it is the same', () => {
    const server = createServer();
    assert.equal(trackConnections(server), trackConnections(server));
    assert.equal(server.listenerCount('connection'), 2, "ours, and Node's own");
  });
});
