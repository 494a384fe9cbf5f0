import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type AddressInfo, connect, Server } from 'node:net';
import { test } from 'node:test';
import { closeListening } from '../../lib/system/accept-rest.js';
import { systemClock } from '../../lib/system/clock.js';

const CLIENTS = 20;

/** What each of them got: the kernel connects them at once, whether somebody accepts or not. */
async function askAtOnce(server: Server): Promise<{ readonly answers: Promise<string[]> }> {
  const { port } = server.address() as AddressInfo;
  const asked = Array.from({ length: CLIENTS }, () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    return new Promise<string>(resolve => {
      let got = '';
      socket.on('data', part => {
        got += part;
      });
      socket.on('error', error => resolve((error as NodeJS.ErrnoException).code ?? ''));
      socket.on('close', () => resolve(got.slice(0, 15)));
    });
  });
  await new Promise<void>(resolve => process.nextTick(resolve));
  return { answers: Promise.all(asked) };
}

async function listening(): Promise<Server> {
  const server = createServer((_, response) => response.end('ok'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return server;
}

test('who queues when a server is closed is answered', async () => {
  const server = await listening();
  const { answers } = await askAtOnce(server);
  await closeListening([server], systemClock);
  assert.equal(server.listening, false);
  assert.deepEqual(new Set(await answers), new Set(['HTTP/1.1 200 OK']));
});

test('who queues when a server is just closed is reset: the reason for all this', async () => {
  const server = await listening();
  const { answers } = await askAtOnce(server);
  Server.prototype.close.call(server);
  assert.deepEqual(new Set(await answers), new Set(['ECONNRESET']));
});

test('who comes when it is closed is refused, and it tells that it is', async () => {
  const server = await listening();
  const { port } = server.address() as AddressInfo;
  let isTold = false;
  server.on('close', () => {
    isTold = true;
  });
  await closeListening([server], systemClock);
  const code = await new Promise(resolve => connect(port, '127.0.0.1').on('error', error => resolve((error as NodeJS.ErrnoException).code)));
  assert.deepEqual([code, isTold], ['ECONNREFUSED', true]);
});

test('a listener that throws at one connection is uncaught there, and the others are let in', async () => {
  const server = await listening();
  let count = 0;
  server.prependListener('connection', socket => {
    count++;
    if (count !== 3) return;
    socket.destroy();
    throw new Error('of the application');
  });
  const uncaught = new Promise<Error>(resolve => process.setUncaughtExceptionCaptureCallback(resolve));
  const { answers } = await askAtOnce(server);
  await closeListening([server], systemClock);
  assert.equal((await uncaught).message, 'of the application');
  process.setUncaughtExceptionCaptureCallback(null);
  assert.equal((await answers).filter(answer => answer === 'HTTP/1.1 200 OK').length, CLIENTS - 1);
});

test('one that does not listen, or whose handle is of an unknown kind, is closed as it is', async () => {
  let isClosed = false;
  const close = () => {
    isClosed = true;
  };
  const server = Object.assign(new Server(), { _handle: { close } });
  await closeListening([new Server(), server], systemClock);
  assert.equal(isClosed, true);
});

test('connections without end hold it up for 500 ms at most', async () => {
  let now = 0;
  let closedAt = -1;
  const arrived: unknown[] = [];
  const handle = {
    onconnection: (...connection: unknown[]) => void arrived.push(connection),
    close: () => {
      closedAt = now;
    },
  };
  const server = Object.assign(new Server(), { _handle: handle });
  const arrive = () => {
    if (closedAt >= 0) return;
    now += 1;
    handle.onconnection(0, undefined);
    setImmediate(arrive);
  };
  const after = (ms: number, callback: () => void) => {
    now += ms;
    const timer = setTimeout(callback);
    return () => clearTimeout(timer);
  };
  arrive();
  await closeListening([server], { ...systemClock, now: () => now, after });
  assert.ok(closedAt >= 500, `${closedAt}`);
});
