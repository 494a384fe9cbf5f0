import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { closeIdle } from '../../lib/system/farewell.js';
import { idleConnections } from '../../lib/system/idle-connections.js';
import { follow } from '../../lib/system/tracked-server.js';
import { fixture } from '../support/fixtures.js';

const tls = { key: readFileSync(fixture('tls/key.pem')), cert: readFileSync(fixture('tls/cert.pem')) };
/** More than the kernel takes off our hands while nobody reads. */
const LONG = 50_000_000;
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

const portOf = async (server: Server): Promise<number> => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};

const openers = {
  http: { make: (listener: RequestListener) => createServer(listener), open: (port: number) => connect(port, '127.0.0.1') },
  https: {
    make: (listener: RequestListener) => createTlsServer(tls, listener),
    open: (port: number) => connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }),
  },
} as const;

for (const [kind, { make, open }] of Object.entries(openers))
  test(`${kind}: a connection is not idle while its response is on its way out, and is when it has gone`, async () => {
    const server = make((_, response) => response.end(Buffer.alloc(LONG)));
    const tracked = follow(server);
    const client = open(await portOf(server));
    client.write(REQUEST);
    await once(client, 'readable');
    assert.deepEqual([...idleConnections(tracked)], []);
    assert.equal(closeIdle(tracked).size, 0);

    let got = 0;
    for await (const part of client) {
      got += (part as Buffer).length;
      if (got > LONG) break;
    }
    assert.ok(got > LONG, `${got}`);
    server.close();
    client.destroy();
  });

test('to look who is idle changes nothing, also where a socket has a destroy of its own', async () => {
  const server = createServer();
  const tracked = follow(server);
  const accepted = once(server, 'connection');
  const client = connect(await portOf(server), '127.0.0.1');
  const [socket] = await accepted;
  const before = socket.destroy;
  assert.deepEqual([...idleConnections(tracked)], [socket]);
  assert.equal(socket.destroy, before);
  assert.equal(Object.hasOwn(socket, 'destroy'), false);

  const own = () => socket;
  Object.defineProperty(socket, 'destroy', { value: own, configurable: true, writable: true });
  idleConnections(tracked);
  assert.equal(socket.destroy, own);
  Reflect.deleteProperty(socket, 'destroy');
  assert.equal(closeIdle(tracked).size, 1);
  await once(client.resume(), 'close');
  server.close();
});
