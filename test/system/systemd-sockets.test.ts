import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { isMeant, MOST_DESCRIPTORS, parseListenFds, pathPlace, type SocketPlace } from '../../lib/system/systemd-sockets.js';
import { emptyFolder } from '../support/fixtures.js';

suite('the variables of systemd', () => {
  const names = undefined;

  test('descriptors begin with 3, and have the names of their units', () => {
    assert.deepEqual(parseListenFds({ fds: '2', pid: '7', names: 'web:' }, 7), [
      { fd: 3, name: 'web' },
      { fd: 4, name: undefined },
    ]);
  });

  test('what is meant for another process is left alone', () => {
    assert.deepEqual(parseListenFds({ fds: '1', pid: '8', names }, 7), []);
    assert.deepEqual(parseListenFds({ fds: '1', pid: undefined, names }, 7), []);
  });

  test('nonsense is nothing, and never an exception; 64 at most', () => {
    for (const fds of ['', '-1', '1.5', '0x2', ' 1', 'three', undefined]) assert.deepEqual(parseListenFds({ fds, pid: '7', names }, 7), []);
    assert.equal(parseListenFds({ fds: '9999999999', pid: '7', names }, 7).length, MOST_DESCRIPTORS);
    const text = fc.option(fc.string(), { nil: undefined });
    fc.assert(fc.property(text, text, text, (fds, pid, names) => parseListenFds({ fds, pid, names }, 7).length <= MOST_DESCRIPTORS));
  });
});

suite('whose listen a socket is meant for', () => {
  const tcp = (address: string, port = 80): SocketPlace => ({ kind: 'tcp', addressType: address.includes(':') ? 6 : 4, address, port });
  const query = (address: string | null, port = 80) => ({ address, port, addressType: address === null || address.includes(':') ? 6 : 4 });
  const path = (address: string) => ({ address, port: -1, addressType: -1 });

  test('a listen on every address means whatever is bound to the port', () => {
    for (const address of [null, '::', '0.0.0.0']) for (const bound of ['127.0.0.1', '::', '::1', '0.0.0.0']) assert.ok(isMeant(query(address), tcp(bound)));
  });

  test('a listen on one address means that one, or all of them', () => {
    assert.ok(isMeant(query('127.0.0.1'), tcp('127.0.0.1')));
    assert.ok(isMeant(query('127.0.0.1'), tcp('0.0.0.0')));
    assert.ok(isMeant(query('127.0.0.1'), tcp('::')));
    assert.ok(isMeant(query('::1'), tcp('::')));
    assert.ok(!isMeant(query('127.0.0.1'), tcp('127.0.0.2')));
    assert.ok(!isMeant(query('::1'), tcp('0.0.0.0')));
  });

  test('another port, or any port, is not meant', () => {
    assert.ok(!isMeant(query(null, 81), tcp('::')));
    assert.ok(!isMeant(query(null, 0), tcp('::')));
  });

  test('a path means the same path, however it is spelled; an abstract name itself', () => {
    const bound: SocketPlace = { kind: 'path', path: '/run/web.sock' };
    assert.ok(isMeant(path('/run/web.sock'), bound));
    assert.ok(isMeant(path('/run/x/../web.sock'), bound));
    assert.ok(!isMeant(path('/run/web'), bound));
    assert.ok(!isMeant(query(null), bound));
    assert.ok(!isMeant(path('/run/web.sock'), tcp('::')));
    assert.ok(isMeant(path('\0web'), { kind: 'path', path: '\0web' }));
    assert.ok(!isMeant(path('web'), { kind: 'path', path: '\0web' }));
  });
});

test('the table of UNIX sockets: the one with that inode, if it listens', () => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/my web.sock',
    '0000000000000000: 00000002 00000000 00010000 0001 01   12 @abstract',
    '0000000000000000: 00000003 00000000 00000000 0001 03 4712 /run/web.sock',
    '0000000000000000: 00000002 00000000 00000000 0002 01 4713 /run/datagrams.sock',
  ].join('\n');
  assert.deepEqual(pathPlace('socket:[4711]', table), { kind: 'path', path: '/run/my web.sock' });
  assert.deepEqual(pathPlace('socket:[12]', table), { kind: 'path', path: '\0abstract' });
  for (const target of ['socket:[4712]', 'socket:[4713]', 'socket:[1]', 'pipe:[4711]', '']) assert.equal(pathPlace(target, table), undefined);
});

/** Prints what it was passed, and answers on all of it. Its own child says what it sees of the variables and the descriptors. */
const ADOPTS = `
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { takeSystemdSockets } from ${JSON.stringify(new URL('../../lib/system/systemd-sockets.js', import.meta.url).href)};
const passed = takeSystemdSockets();
const look = "const sees = Object.keys(process.env).filter(name => name.startsWith('LISTEN_')); const fs = require('node:fs'); try { sees.push(fs.readlinkSync('/proc/self/fd/3').replace(/\\\\d+/, '')); } catch {} console.log(sees.filter(text => text.startsWith('socket') || text.startsWith('LISTEN')).join())";
const child = spawnSync(process.execPath, ['-e', look], { encoding: 'utf8' }).stdout.trim();
for (const { handle, name } of passed) createServer(socket => socket.end(name)).listen(handle);
console.log(JSON.stringify({ places: passed.map(({ fd, name, place }) => ({ fd, name, ...place })), child }));
process.stdin.once('data', () => process.exit());
`;

async function listening(options: ListenOptions): Promise<Server> {
  const server = createServer().listen(options);
  await once(server, 'listening');
  return server;
}

const descriptorOf = (holder: Server | Socket): number => (holder as unknown as { _handle: { fd: number } })._handle.fd;

test('sockets that were passed are adopted with their places, and serve; no child inherits them', async () => {
  using folder = emptyFolder();
  const path = join(folder.path, 'web.sock');
  const servers = [await listening({ port: 0, host: '127.0.0.1' }), await listening({ port: 0, host: '::' }), await listening({ path })];
  const [v4 = 0, v6 = 0] = servers.map(server => (server.address() as { port?: number }).port ?? 0);
  const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
  await once(datagrams, 'listening');
  const udpHandle = Object.getOwnPropertySymbols(datagrams)
    .map(symbol => (datagrams as unknown as Record<symbol, { handle?: { fd: number } }>)[symbol]?.handle)
    .find(Boolean);
  const descriptors = [...servers.map(descriptorOf), udpHandle?.fd ?? 0, openSync('/dev/null', 'r')];
  const child = spawn('sh', ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath, '--input-type=module', '-e', ADOPTS], {
    env: { ...process.env, LISTEN_FDS: String(descriptors.length), LISTEN_FDNAMES: 'four:six:path:datagrams:file' },
    stdio: ['pipe', 'pipe', 'inherit', ...descriptors],
  });
  try {
    const [text] = (await once((child.stdout ?? assert.fail()).setEncoding('utf8'), 'data')) as [string];
    assert.deepEqual(JSON.parse(text), {
      places: [
        { fd: 3, name: 'four', kind: 'tcp', addressType: 4, address: '127.0.0.1', port: v4 },
        { fd: 4, name: 'six', kind: 'tcp', addressType: 6, address: '::', port: v6 },
        { fd: 5, name: 'path', kind: 'path', path },
      ],
      child: '',
    });
  } finally {
    child.stdin?.end('end');
    await once(child, 'exit');
    for (const server of servers) server.close();
    datagrams.close();
  }
});
