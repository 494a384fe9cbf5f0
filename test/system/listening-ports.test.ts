import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { listeningPorts, type PortSources, portHolders } from '../../lib/system/listening-ports.js';
import { parseLsof, parseNetstat, parseProcNetTcp } from '../../lib/system/port-tables.js';

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0FA3 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2058345 1 00000000caae60eb 100 0 0 10 0
   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1620 1 00000000474184f9 100 0 0 10 0
   2: 0100007F:0FA1 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2058343 1 0000000098012013 100 0 0 10 0
   3: 0100007F:0FA1 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 2058399 1 0000000098012014 20 4 30 10 -1
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:0FA4 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2059327 1 00000000f0a368fb 100 0 0 10 0
   1: 0000000000000000FFFF00000100007F:0FA5 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2058346 1 0000000081039708 100 0 0 10 0
   2: 00000000000000000000000001000000:0FA3 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2058344 1 0000000042448596 100 0 0 10 0
   3: B80D0120000000000000000001000000:0FA6 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2058350 1 0000000042448597 100 0 0 10 0
`;
/** A cluster of two workers on 4004 that share the socket. The descriptor lines (f) are written by some versions only. */
const LSOF = `p4811
f21
tIPv4
n127.0.0.1:4001
f22
tIPv6
n[::1]:4002
f23
tIPv4
n*:4003
f24
tIPv6
n*:4004
p4822
f19
tIPv6
n*:4004
p4823
f19
tIPv6
n*:4004
`;
const NETSTAT = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1068
  TCP    127.0.0.1:7001         0.0.0.0:0              LISTENING       5120
  TCP    127.0.0.1:7001         127.0.0.1:52044        ESTABLISHED     5120
  TCP    192.168.0.4:139        0.0.0.0:0              LISTENING       4
  TCP    192.168.0.4:52050      203.0.113.7:443        TIME_WAIT       0
`.replaceAll('\n', '\r\n');
const NETSTAT_V6 = `
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    [::]:135               [::]:0                 ABHÖREN         1068
  TCP    [fe80::1c2d:3e4f%5]:7001  [::]:0              ABHÖREN         5128
`.replaceAll('\n', '\r\n');

const foreign = (platform: NodeJS.Platform, outputs: Readonly<Record<string, string>>): PortSources => ({
  platform,
  procFolder: '/nowhere',
  run: async (command, args) => outputs[[command, ...args].join(' ')] ?? '',
});
const LSOF_COMMAND = 'lsof -nP -iTCP -sTCP:LISTEN -F ptn';
const macOs = foreign('darwin', { [LSOF_COMMAND]: LSOF });
const windows = foreign('win32', { 'netstat -ano -p TCP': NETSTAT, 'netstat -ano -p TCPv6': NETSTAT_V6 });

/** A folder like /proc, in which processes hold sockets. */
function recordedProc(holders: Readonly<Record<string, readonly string[]>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'app-cluster-proc-'));
  mkdirSync(join(folder, 'net'));
  writeFileSync(join(folder, 'net/tcp'), TCP);
  writeFileSync(join(folder, 'net/tcp6'), TCP6);
  for (const [pid, inodes] of Object.entries(holders)) {
    mkdirSync(join(folder, pid, 'fd'), { recursive: true });
    symlinkSync('/dev/null', join(folder, pid, 'fd/0'));
    for (const [index, inode] of inodes.entries()) symlinkSync(`socket:[${inode}]`, join(folder, pid, 'fd', String(index + 3)));
  }
  return folder;
}

test('/proc/net/tcp: addresses are readable, and only who listens counts', () => {
  assert.deepEqual(parseProcNetTcp(TCP), [
    { port: 4003, address: '0.0.0.0', inode: '2058345' },
    { port: 2024, address: '0.0.0.0', inode: '1620' },
    { port: 4001, address: '127.0.0.1', inode: '2058343' },
  ]);
  assert.deepEqual(
    parseProcNetTcp(TCP6).map(({ address }) => address),
    ['::', '::ffff:127.0.0.1', '::1', '2001:db8::1'],
  );
});

test('/proc/net/tcp of a machine of the other byte order', () => {
  const text = TCP.replace('0100007F:0FA1', '7F000001:0FA1');
  assert.equal(parseProcNetTcp(text, 'BE')[2]?.address, '127.0.0.1');
});

test('Linux: a shared socket has several holders, one of another user none', async t => {
  const procFolder = recordedProc({ 90: ['2059327', '2058345'], 700: ['2059327', '2059327'], 1000: ['2059327', '5'] });
  t.after(() => rmSync(procFolder, { recursive: true }));
  const sources = { ...foreign('linux', {}), procFolder };
  assert.deepEqual(await listeningPorts(sources), [
    { port: 2024, addresses: ['0.0.0.0'], pids: [] },
    { port: 4001, addresses: ['127.0.0.1'], pids: [] },
    { port: 4003, addresses: ['0.0.0.0', '::1'], pids: [90] },
    { port: 4004, addresses: ['::'], pids: [90, 700, 1000] },
    { port: 4005, addresses: ['::ffff:127.0.0.1'], pids: [] },
    { port: 4006, addresses: ['2001:db8::1'], pids: [] },
  ]);
  assert.deepEqual(await portHolders(4003, sources), { port: 4003, addresses: ['0.0.0.0', '::1'], pids: [90] });
});

test('macOS: lsof', async () => {
  assert.deepEqual(await listeningPorts(macOs), [
    { port: 4001, addresses: ['127.0.0.1'], pids: [4811] },
    { port: 4002, addresses: ['::1'], pids: [4811] },
    { port: 4003, addresses: ['0.0.0.0'], pids: [4811] },
    { port: 4004, addresses: ['::'], pids: [4811, 4822, 4823] },
  ]);
});

test('lsof without types, with connections and with names that are no addresses', () => {
  const text = ['n*:1', 'pnobody', 'n*:2', 'p7', 'n*:3', 'n127.0.0.1:4->127.0.0.1:5', 'n*:http', 'n*:*', 'n*:0', 'n*:65536', 'n*:65535'].join('\n');
  assert.deepEqual(parseLsof(text), [
    { port: 3, address: '*', pid: 7 },
    { port: 65_535, address: '*', pid: 7 },
  ]);
});

test('Windows: netstat, in any language', async () => {
  assert.deepEqual(await listeningPorts(windows), [
    { port: 135, addresses: ['0.0.0.0', '::'], pids: [1068] },
    { port: 139, addresses: ['192.168.0.4'], pids: [4] },
    { port: 7001, addresses: ['127.0.0.1', 'fe80::1c2d:3e4f%5'], pids: [5120, 5128] },
  ]);
  assert.deepEqual((await portHolders(7001, windows))?.pids, [5120, 5128]);
});

test('without the tool, without /proc, without a listener: nothing', async () => {
  for (const platform of ['linux', 'darwin', 'win32', 'freebsd'] as const) {
    assert.deepEqual(await listeningPorts(foreign(platform, {})), []);
    assert.equal(await portHolders(80, foreign(platform, {})), undefined);
  }
  assert.equal(await portHolders(8, macOs), undefined);
});

const PARSERS = { parseProcNetTcp, parseLsof, parseNetstat };
/** Rows that are nearly right reach further than any text does. */
const anyRow = fc.oneof(
  fc.tuple(fc.string(), fc.nat(70_000)).map(([address, port]) => `0: ${address}:${port.toString(16).toUpperCase()} 0:0 0A 0 0 0 0 0 ${port}`),
  fc.nat(70_000).map(port => `0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A 0:0 0:0 0 0 0 ${port} 1`),
  fc.nat(70_000).map(port => `p12\nn*:${port}\nn[::1]:${port}`),
  fc.nat(70_000).map(port => `  TCP  0.0.0.0:${port}  0.0.0.0:0  LISTENING  ${port}`),
  fc.string(),
  fc.constantFrom(...`${TCP}${TCP6}${LSOF}${NETSTAT}${NETSTAT_V6}`.split('\n')),
);

for (const [name, parse] of Object.entries(PARSERS)) {
  test(`${name} takes any text and finds no impossible port`, () => {
    const isPossible = ({ port, address }: { port: number; address: string }) => Number.isInteger(port) && port >= 1 && port <= 65_535 && address !== '';
    fc.assert(fc.property(fc.string({ unit: 'binary' }), text => parse(text).every(isPossible)));
    fc.assert(fc.property(fc.array(anyRow), rows => parse(rows.join('\n')).every(isPossible)));
  });
}

test('an address of IPv6 is one that URL reads back', () => {
  const hex = fc.array(fc.constantFrom(...'0000000123456789ABCDEF'), { minLength: 32, maxLength: 32 }).map(digits => digits.join(''));
  fc.assert(
    fc.property(hex, address => {
      const [socket] = parseProcNetTcp(`0: ${address}:0050 0:0 0A 0 0 0 0 0 1`);
      return socket !== undefined && new URL(`http://[${socket.address}]`).hostname !== '';
    }),
  );
});

const isVisible = process.platform === 'linux';

test('a server of this process is found with its pid', { skip: !isVisible }, async t => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const expected = { port, addresses: ['127.0.0.1'], pids: [process.pid] };
  assert.deepEqual(await portHolders(port), expected);
  assert.deepEqual(
    (await listeningPorts()).find(one => one.port === port),
    expected,
  );
});

test('a socket that two processes share is found with both pids', { skip: !isVisible }, async t => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const child = spawn(process.execPath, ['-e', HOLDS_WHAT_IT_GETS], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  t.after(() => Promise.all([ended(child), server.close()]));
  child.send('server', server);
  await once(child, 'message');
  const { port } = server.address() as AddressInfo;
  const pids = [process.pid, child.pid ?? 0].sort((a, b) => a - b);
  assert.deepEqual((await portHolders(port))?.pids, pids);
});

const HOLDS_WHAT_IT_GETS =
  "process.once('message', (_, server) => { globalThis.kept = server; process.send('got it'); }); process.on('disconnect', process.exit)";

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
