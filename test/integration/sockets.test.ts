import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { get as getSecure } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import { launchCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf, startLoad } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { emptyFolder, fixture } from '../support/fixtures.js';

const TLS = { KEY: fixture('tls/key.pem'), CERT: fixture('tls/cert.pem') };

async function ports(count: number): Promise<string[]> {
  const found: string[] = [];
  while (found.length < count) found.push(String(await freePort(0)));
  return found;
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function overHttp2(url: string): Promise<string> {
  const session = connectHttp2(url, { rejectUnauthorized: false });
  const body = await textOf(session.request({ ':path': '/' }));
  session.close();
  return body;
}

suite('listening sockets', { concurrency: 2 }, () => {
  test('http, https, http2 with and without TLS, TCP, a UNIX path and port 0, all in one program', async () => {
    using folder = emptyFolder();
    const [h2 = '', https = '', h2s = '', tcp = ''] = await ports(4);
    const path = join(folder.path, 'app.sock');
    const env = { ...TLS, H2_PORT: h2, HTTPS_PORT: https, H2S_PORT: h2s, TCP_PORT: tcp, UNIX_PATH: path };
    await using cluster = await spawnCluster(fixture('apps/many-kinds.js'), { env, args: ['--ready', 'signal'] });
    const chosen = new Set(await Promise.all([1, 2, 3, 4, 5, 6].map(() => bodyOf(cluster.port))));
    assert.equal(chosen.size, 1, 'listen(0) gives all workers the same port');
    const zero = Number([...chosen][0]);
    const serving = async () => {
      const [secure] = await once(getSecure({ host: '127.0.0.1', port: https, rejectUnauthorized: false, agent: false }), 'response');
      const texts = await Promise.all([
        bodyOf(zero),
        bodyOf({ socketPath: path }),
        overHttp2(`http://127.0.0.1:${h2}`),
        overHttp2(`https://127.0.0.1:${h2s}`),
        textOf(connect(Number(tcp), '127.0.0.1')),
        textOf(secure),
      ]);
      return texts.map(text => text.split(' '));
    };
    const kinds = ['zero', 'unix', 'h2', 'h2s', 'tcp', 'https'];
    assert.deepEqual(
      (await serving()).map(([kind]) => kind),
      kinds,
    );
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('cluster-reloaded');
    const reloaded = await serving();
    assert.deepEqual(
      reloaded.map(([kind]) => kind),
      kinds,
      'those that were on probation have got every socket of theirs',
    );
    for (const [, pid] of reloaded) assert.ok(cluster.workers().includes(Number(pid)));
    await cluster.stop();
    assert.equal(existsSync(path), false, 'the owner unlinks its path');
  });

  test('a newcomer on probation listens, and gets no connection before it is over; then it gives its address up as any other', async () => {
    await using cluster = await spawnCluster(fixture('apps/closes-when-asked.js'), { workers: 1, args: ['--probation', '2s'] });
    const [old] = cluster.workers();
    cluster.kill(cluster.pid, 'SIGHUP');
    const newcomer = await cluster.waitFor('child-started', ({ generation }) => generation === 2);
    assert.notEqual(newcomer.port, undefined);
    for (let n = 0; n < 50; n++) assert.equal(Number(await bodyOf(cluster.port)), old);
    await cluster.waitFor('cluster-reloaded');
    for (let n = 0; n < 10; n++) assert.equal(Number(await bodyOf(cluster.port)), newcomer.pid);
    await bodyOf(cluster.port, '/close');
    await eventually(() =>
      bodyOf(cluster.port).then(
        () => false,
        (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED',
      ),
    );
  });

  test('several ports of one application', async () => {
    const [second = ''] = await ports(1);
    await using cluster = await spawnCluster(fixture('apps/two-ports.js'), { env: { SECOND_PORT: second } });
    assert.equal(await bodyOf(cluster.port), 'first');
    const body = async () => bodyOf(Number(second)).catch(() => 'not yet');
    while ((await body()) === 'not yet') await new Promise(setImmediate);
    assert.equal(await body(), 'second');
  });

  test('kill -9 of all workers at once refuses nobody', async () => {
    await using cluster = await spawnCluster(fixture('apps/plain.js'));
    const load = startLoad(cluster.port, { clients: 8 });
    for (const pid of cluster.workers()) cluster.kill(pid);
    await cluster.waitFor('child-started');
    await cluster.waitFor('child-started');
    const { served, failed } = await load.end();
    assert.ok(served > 0);
    assert.deepEqual(
      failed.filter(reason => reason === 'ECONNREFUSED'),
      [],
    );
    assert.ok(failed.length <= 8, `at most the requests in execution are lost, not ${failed.length}: ${failed.join(' ')}`);
  });

  test('a taken port names its holder, exit code 69', async () => {
    const holder = createServer().listen(0);
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await runCommand(['start', fixture('apps/plain.js'), '--port', String(port)]);
    holder.close();
    assert.equal(code, 69);
    assert.match(stderr, /ERR_ADDRESS_IN_USE/);
    assert.ok(stderr.includes(`pid ${process.pid}`), stderr);
  });

  test('a port that the program chose itself and that is taken names its holder too', async () => {
    const holder = createServer().listen(0);
    const { port } = holder.address() as AddressInfo;
    await using cluster = await launchCluster(fixture('apps/plain.js'), { port: false, args: ['--set-env', `PORT=${port}`] });
    const { code } = await cluster.exited;
    holder.close();
    assert.equal(code, 69);
    assert.ok(cluster.stderr().includes(`pid ${process.pid}`), cluster.stderr());
  });

  test('with --port-fallback a taken port gives way to the next free one', async () => {
    const holder = createServer().listen(0);
    const { port } = holder.address() as AddressInfo;
    await using cluster = await spawnCluster(fixture('apps/plain.js'), { port, args: ['--port-fallback'] });
    holder.close();
    const { got } = await Promise.resolve(cluster.events.find(event => event.type === 'port-changed') ?? assert.fail('no fallback'));
    assert.notEqual(got, port);
    assert.equal((await ask(got)).status, 200);
  });

  test('--port 0 is one free port for all workers', async () => {
    await using cluster = await spawnCluster(fixture('apps/plain.js'), { port: false, args: ['--port', '0'] });
    const started = cluster.events.find(event => event.type === 'cluster-started');
    assert.equal((await ask(started?.address.port ?? 0)).status, 200);
  });

  test('a stale UNIX path is replaced, a live one is refused, a file of another kind is left alone', async () => {
    using folder = emptyFolder();
    const path = join(folder.path, 'app.sock');
    const env = { PORT: path };
    const first = await spawnCluster(fixture('apps/plain.js'), { port: false, env, args: ['--no-keeper'] });
    await using second = await launchCluster(fixture('apps/plain.js'), { port: false, env });
    assert.equal((await second.exited).code, 69);
    assert.match(await bodyOf({ socketPath: path }), /^\d+/);
    const workers = first.workers();
    first.kill(first.pid);
    await first.exited;
    await first[Symbol.asyncDispose]();
    assert.ok(workers.length === 2 && existsSync(path), 'the killed master left its path');
    await using third = await spawnCluster(fixture('apps/plain.js'), { port: false, env });
    assert.match(await bodyOf({ socketPath: path }), /^\d+/);
    await third.stop();
    writeFileSync(path, 'precious');
    await using fourth = await launchCluster(fixture('apps/plain.js'), { port: false, env });
    assert.equal((await fourth.exited).code, 69);
    assert.ok(existsSync(path));
  });

  test('sticky: a client stays on its worker, also after another one died', async () => {
    await using cluster = await spawnCluster(fixture('apps/plain.js'), { workers: 4, args: ['--sticky'] });
    const clients = Array.from({ length: 24 }, (_, i) => `127.0.0.${i + 2}`);
    const workerOf = async (localAddress: string) => Number((await bodyOf({ host: '127.0.0.1', port: cluster.port, localAddress })).split(' ')[0]);
    const homes = new Map<string, number>();
    for (const client of clients) homes.set(client, await workerOf(client));
    assert.ok(new Set(homes.values()).size >= 3, 'clients are spread');
    for (const client of clients) assert.equal(await workerOf(client), homes.get(client));
    const [victim = 0] = cluster.workers();
    cluster.kill(victim);
    await cluster.waitFor('child-started');
    for (const client of clients.filter(client => homes.get(client) !== victim))
      assert.equal(await workerOf(client), homes.get(client), 'a death moves only its own clients');
  });

  test('sticky: connections that a dead worker had not acknowledged are served by another, nobody hangs', async () => {
    await using cluster = await spawnCluster(fixture('apps/mortal.js'), { args: ['--sticky'] });
    const from = (localAddress: string) => bodyOf({ host: '127.0.0.1', port: cluster.port, localAddress }).then(Number);
    const homes = new Map<number, string>();
    for (let i = 2; homes.size < 2; i++) homes.set(await from(`127.0.0.${i}`), `127.0.0.${i}`);
    const [[victim, client], [survivor, other]] = [...homes] as [[number, string], [number, string]];
    cluster.kill(victim, 'SIGSTOP'); // It can acknowledge nothing any more.
    const waiting = [from(client), from(client), from(client)];
    assert.equal(await from(other), survivor); // Accepted after those three: they are on their way by now.
    cluster.kill(victim);
    for (const answer of await Promise.all(waiting)) assert.notEqual(answer, victim);
  });

  test('sticky on a taken port fails the start instead of hanging', async () => {
    const holder = createServer().listen(0);
    const { port } = holder.address() as AddressInfo;
    const { code } = await runCommand(['start', fixture('apps/plain.js'), '--sticky', '--port', String(port)]);
    holder.close();
    assert.equal(code, 69);
  });

  test('an exported application is served over https when asked', async () => {
    await using cluster = await spawnCluster(fixture('apps/demo'), { args: ['--https-key', TLS.KEY, '--https-cert', TLS.CERT] });
    const [response] = await once(getSecure({ host: '127.0.0.1', port: cluster.port, rejectUnauthorized: false, agent: false }), 'response');
    assert.match(await textOf(response), /Hello/);
    assert.match(cluster.output(), new RegExp(`started on https://127.0.0.1:${cluster.port}`));
  });
});
