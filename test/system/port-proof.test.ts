import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { PortProof } from '../../lib/system/port-proof.js';
import { isListening } from '../../lib/system/port-tables.js';
import { readRows } from '../../lib/system/proc-files.js';
import { listeningSockets } from '../../lib/system/proc-sockets.js';
import { emptyFolder } from '../support/fixtures.js';

const row = (port: number, state: string) =>
  `   0: 0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${port} 1 0000000000000000 100 0 0 10 0`.padEnd(
    149,
  );
const HEADER = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'.padEnd(149);

suite('a table of the kernel, as far as its rows are wanted', () => {
  const read = (rows: readonly string[], end = '\n') => {
    using folder = emptyFolder();
    const path = join(folder.path, 'tcp');
    writeFileSync(path, rows.join('\n') + end);
    return readRows(path, isListening);
  };
  const listening = Array.from({ length: 40 }, (_, index) => row(3_000 + index, '0A'));

  test('all who listen, and no connection', () => {
    assert.equal(read([HEADER, ...listening, row(80, '01'), row(81, '0A')]), `${[HEADER, ...listening].join('\n')}\n`);
    assert.equal(read([HEADER, row(80, '06')]), `${HEADER}\n`);
  });

  test('one that ends before, or in the middle of a row', () => {
    assert.equal(read([HEADER, ...listening]), `${[HEADER, ...listening].join('\n')}\n`);
    assert.equal(read([HEADER, ...listening], ''), [HEADER, ...listening].join('\n'));
    assert.equal(read([], ''), '');
  });

  test('what is missing is no text', () => assert.equal(readRows('/nonexistent/tcp', isListening), undefined));

  test('this machine’s own: a server is in it while it listens', async () => {
    const { server, port } = await listen();
    const isThere = () => listeningSockets().some(socket => socket.port === port);
    assert.equal(isThere(), true);
    server.close();
    await once(server, 'close');
    assert.equal(isThere(), false);
  });
});

async function listen(port = 0): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as { port: number }).port };
}

suite('whose port it is', { skip: process.platform === 'linux' ? false : 'reads /proc' }, () => {
  const own = (pid: number) => pid === process.pid;

  test('ours, foreign, and nobody’s', async () => {
    const { server, port } = await listen();
    assert.equal(new PortProof().verdict(port, '127.0.0.1', process.pid, own), 'ours');
    assert.equal(new PortProof().verdict(port, '127.0.0.1', process.ppid, own), 'ours', 'held by another one of ours than who should');
    assert.equal(
      new PortProof().verdict(port, '127.0.0.1', process.pid, () => false),
      'foreign',
    );
    server.close();
    await once(server, 'close');
    assert.equal(new PortProof().verdict(port, '127.0.0.1', process.pid, own), 'unknown');
  });

  test('what was proven counts while that socket is held, and not a moment longer', async () => {
    const { server, port } = await listen();
    const proof = new PortProof();
    let asked = 0;
    const isOurs = (pid: number) => {
      asked++;
      return own(pid);
    };
    assert.equal(proof.verdict(port, '127.0.0.1', process.pid, isOurs), 'ours');
    assert.equal(proof.verdict(port, '127.0.0.1', process.pid, isOurs), 'ours');
    assert.equal(asked, 1, 'its holder is asked for once');
    server.close();
    await once(server, 'close');
    const again = await listen(port);
    assert.equal(
      proof.verdict(port, '127.0.0.1', process.pid, () => false),
      'foreign',
    );
    again.server.close();
  });
});
