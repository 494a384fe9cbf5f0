// What becomes of connections when their worker is replaced. The linger is longer than any drain may take: a drain that waits for it
// is overdue, and fails the test.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:https';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { ask, startLoad } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { openClient, request } from '../support/raw-client.js';

/** Its idle connections outlive any reload, on the slowest machine. */
const KEEPS = fixture('apps/keeps-alive.js');
const NO_LINGER = ['--linger', '60s'];
const pidOf = (body: string) => Number(/\d+/.exec(body)?.[0]);

/** By events: every worker that drained was through before its time was up. */
async function reload(cluster: SpawnedCluster): Promise<void> {
  const from = cluster.events.length;
  cluster.kill(cluster.pid, 'SIGHUP');
  await cluster.waitFor('cluster-reloaded');
  const causes = cluster.events.slice(from).flatMap(event => (event.type === 'child-moved' && event.from === 'draining' ? [event.cause] : []));
  assert.ok(causes.length > 0);
  assert.deepEqual([...new Set(causes)], ['stop'], 'drained, not overdue');
}

suite('hand-over', { concurrency: 2 }, () => {
  test('idle kept-alive connections survive a reload, and another process answers', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: NO_LINGER });
    const old = cluster.workers();
    const clients = await Promise.all(Array.from({ length: 12 }, () => openClient(cluster.port)));
    for (const client of clients) assert.ok(old.includes(pidOf(await client.ask())));
    await reload(cluster);
    const now = cluster.workers();
    assert.deepEqual(
      now.filter(pid => old.includes(pid)),
      [],
    );
    for (const client of clients) assert.ok(now.includes(pidOf(await client.ask())));
    for (const client of clients) assert.ok(now.includes(pidOf(await client.ask())), 'and answers again');
    for (const client of clients) client[Symbol.dispose]();
  });

  test('so do more of them than may be on their way at once', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: NO_LINGER });
    const clients = await Promise.all(Array.from({ length: 300 }, () => openClient(cluster.port)));
    await Promise.all(clients.map(client => client.ask()));
    await reload(cluster);
    const now = cluster.workers();
    for (const body of await Promise.all(clients.map(client => client.ask()))) assert.ok(now.includes(pidOf(body)));
    for (const client of clients) client[Symbol.dispose]();
  });

  test('a single worker hands over to its newcomer, and a connection that never spoke is handed over too', async () => {
    await using cluster = await spawnCluster(KEEPS, { workers: 1, args: NO_LINGER });
    using silent = await openClient(cluster.port);
    using spoken = await openClient(cluster.port);
    await spoken.ask(); // Accepted after the silent one.
    await reload(cluster);
    for (const client of [silent, spoken]) assert.deepEqual([pidOf(await client.ask())], cluster.workers());
  });

  test('on a UNIX path as well', async () => {
    using folder = emptyFolder();
    const path = join(folder.path, 'app.sock');
    await using cluster = await spawnCluster(KEEPS, { port: false, env: { PORT: path }, args: NO_LINGER });
    using silent = await openClient({ path });
    using spoken = await openClient({ path });
    await spoken.ask();
    await reload(cluster);
    for (const client of [silent, spoken]) assert.ok(cluster.workers().includes(pidOf(await client.ask())));
  });

  test('a request that is half there stays, and the old worker answers it', async () => {
    await using cluster = await spawnCluster(KEEPS, { workers: 1, args: NO_LINGER });
    const [old] = cluster.workers();
    using client = await openClient(cluster.port);
    await client.ask();
    const whole = request('/half');
    client.send(whole.slice(0, 20));
    await ask(cluster.port); // The half was read before this.
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('child-moved', event => event.pid === old && event.to === 'draining');
    assert.notEqual(pidOf((await ask(cluster.port)).body), old, 'it accepts no more');
    client.send(whole.slice(20));
    assert.equal(pidOf(await client.answer()), old);
  });

  test('a response that is being streamed comes whole, and its connection goes on with a sibling', async () => {
    await using cluster = await spawnCluster(KEEPS, { workers: 1, args: NO_LINGER });
    const [old] = cluster.workers();
    using client = await openClient(cluster.port);
    client.send(request('/stream'));
    await ask(cluster.port);
    const done = reload(cluster);
    assert.equal(await client.answer(), `begin ${old}`);
    await done;
    assert.deepEqual([pidOf(await client.ask())], cluster.workers());
  });

  test('sticky: a client stays with its slot, whose newcomer has its connections', async () => {
    await using cluster = await spawnCluster(KEEPS, { workers: 3, args: ['--sticky', ...NO_LINGER] });
    const old = cluster.workers();
    const from = (n: number) => ({ host: '127.0.0.1', port: cluster.port, localAddress: `127.0.0.${n + 2}` });
    const clients = await Promise.all(Array.from({ length: 12 }, (_, n) => openClient(from(n))));
    const slots = await Promise.all(clients.map(async client => old.indexOf(pidOf(await client.ask()))));
    assert.ok(new Set(slots).size > 1);
    await reload(cluster);
    const now = cluster.workers();
    assert.deepEqual(await Promise.all(clients.map(async client => now.indexOf(pidOf(await client.ask())))), slots);
    for (const client of clients) client[Symbol.dispose]();
  });

  test('scaling down gives connections to those that stay', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: ['--name', 'hand-over-scale', ...NO_LINGER] });
    const [staying, leaving] = cluster.workers();
    const clients = await Promise.all(Array.from({ length: 12 }, () => openClient(cluster.port)));
    for (const client of clients) await client.ask();
    assert.equal((await runCommand(['scale', 'hand-over-scale', '1'])).code, 0);
    await cluster.waitFor('child-left', event => event.pid === leaving);
    for (const client of clients) {
      assert.equal(pidOf(await client.ask()), staying);
      client[Symbol.dispose]();
    }
  });

  test('https connections linger: one that asks in time is answered, and told that it ends', async () => {
    const tls = ['--https-key', fixture('tls/key.pem'), '--https-cert', fixture('tls/cert.pem')];
    await using cluster = await spawnCluster(fixture('apps/demo'), { workers: 1, args: [...tls, '--linger', '10s'] });
    const [old] = cluster.workers();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const secure = async () => {
      const [response] = await once(get({ host: '127.0.0.1', port: cluster.port, rejectUnauthorized: false, agent }), 'response');
      response.resume();
      await once(response, 'end');
      return response.headers.connection;
    };
    assert.equal(await secure(), 'keep-alive');
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('child-moved', event => event.pid === old && event.to === 'draining');
    assert.equal(await secure(), 'close');
    await cluster.waitFor('cluster-reloaded');
    agent.destroy();
  });

  test('a connection that stays silent after its hand-over is closed when the time of its server is up', async () => {
    using folder = emptyFolder();
    const file = join(folder.path, 'ms');
    writeFileSync(file, '60000');
    await using cluster = await spawnCluster(KEEPS, { workers: 1, env: { KEEP_ALIVE: file }, args: NO_LINGER });
    using client = await openClient(cluster.port);
    await client.ask();
    const ended = once(client.socket, 'close');
    writeFileSync(file, '300');
    await reload(cluster);
    await ended;
    await assert.rejects(client.answer(), /closed, after ""/, 'no 408, which Node sends to one that never spoke');
  });

  test('a stop hands nothing over', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: ['--linger', '100ms'] });
    using client = await openClient(cluster.port);
    await client.ask();
    const ended = once(client.socket, 'close');
    assert.equal((await cluster.stop()).code, 0);
    await ended;
  });

  test('a worker that dies with connections it has not looked at costs nobody anything', async () => {
    await using cluster = await spawnCluster(KEEPS, { workers: 3, args: NO_LINGER });
    const [first = 0, second = 0] = cluster.workers();
    const clients = await Promise.all(Array.from({ length: 30 }, () => openClient(cluster.port)));
    const homes = await Promise.all(clients.map(async client => pidOf(await client.ask())));
    cluster.kill(second, 'SIGSTOP'); // It takes what is sent to it, and acknowledges nothing.
    cluster.kill(first, 'SIGTERM'); // Drains by itself, and its connections go to siblings.
    await cluster.waitFor('child-moved', event => event.pid === first && event.to === 'draining');
    await cluster.waitFor('child-left', event => event.pid === first);
    cluster.kill(second);
    await cluster.waitFor('child-left', event => event.pid === second);
    for (const [n, client] of clients.entries()) {
      if (homes[n] !== second) assert.ok(pidOf(await client.ask()) > 0);
      client[Symbol.dispose]();
    }
  });

  test('a master that is killed in the middle of it leaves no orphan', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: ['--linger', '100ms'] });
    const clients = await Promise.all(Array.from({ length: 200 }, () => openClient(cluster.port)));
    await Promise.all(clients.map(client => client.ask()));
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('child-moved', event => event.to === 'draining');
    cluster.kill(cluster.pid);
    await gone(cluster.events.flatMap(event => (event.type === 'child-forked' ? [event.pid] : [])));
    for (const client of clients) client[Symbol.dispose]();
  });

  test('a client that never pauses loses nothing in five reloads', async () => {
    await using cluster = await spawnCluster(KEEPS, { args: NO_LINGER });
    const load = startLoad(cluster.port, { clients: 8, keepAlive: true });
    for (let n = 0; n < 5; n++) await reload(cluster);
    const { served, failed } = await load.end();
    assert.ok(served > 100);
    assert.deepEqual(failed, []);
  });
});
