// The runtime watches the same servers. Its preload and the door are files of their own: they meet at the server.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Server } from 'node:net';
import { suite, test } from 'node:test';
import { systemClock } from '../../lib/system/clock.js';
import { drainServers } from '../../lib/system/drain.js';
import { Giver } from '../../lib/system/give-connections.js';
import { injectRequest } from '../../lib/system/inject-request.js';
import { type ServerTracker, trackServers } from '../../lib/system/server-tracker.js';
import { spawnCluster } from '../../lib/testing.js';
import { trackConnections } from '../../lib/worker.js';
import { eventually } from '../support/eventually.js';
import { fixture, ROOT } from '../support/fixtures.js';
import { openClient, request } from '../support/raw-client.js';

/** As in a worker: `listen` is wrapped, until the test is over. */
function runtime(): { readonly tracker: ServerTracker } & Disposable {
  const { listen } = Server.prototype;
  const tracker = trackServers();
  return {
    tracker,
    [Symbol.dispose]: () => {
      Server.prototype.listen = listen;
    },
  };
}

async function portOf(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

suite('a server that the runtime follows, too', () => {
  for (const order of ['before', 'after'] as const)
    test(`tracked ${order} it listens: each connection counts once, for both`, async () => {
      using held = runtime();
      const server = createServer((_, response) => response.end('ok'));
      if (order === 'before') trackConnections(server);
      const port = await portOf(server);
      const connections = trackConnections(server);
      using client = await openClient(port);
      await client.ask();
      const [tracked] = held.tracker.servers;
      assert.deepEqual([connections.connections, tracked?.sockets.size, held.tracker.accepted], [1, 1, 1]);
      assert.equal(server.listenerCount('connection'), 2, "one of ours, and Node's own");
      assert.deepEqual(await connections.closeGracefully(AbortSignal.any([])), { idle: 1, finished: 0, destroyed: 0 });
      assert.equal(held.tracker.servers.size, 0);
    });

  test('what the runtime asks the application itself is no connection', async () => {
    using held = runtime();
    const seen: number[] = [];
    const server = createServer((_, response) => {
      seen.push(connections.connections, connections.busy);
      response.end('ok');
    });
    const connections = trackConnections(server);
    await portOf(server);
    assert.equal((await injectRequest(server, { path: '/', limitMs: 5_000, tracker: held.tracker }))?.ok, true);
    assert.deepEqual(seen, [0, 0]);
    assert.deepEqual(await connections.closeGracefully(), { idle: 0, finished: 0, destroyed: 0 });
  });

  for (const first of ['the drain', 'the close'] as const)
    test(`drained and closed at the same time, ${first} first: who queues is served, and both end`, async () => {
      using held = runtime();
      const server = createServer((_, response) => response.end('ok'));
      const port = await portOf(server);
      const connections = trackConnections(server);
      using _silent = await openClient(port);
      await eventually(() => connections.connections === 1);
      const CLIENTS = 20;
      const answers = Promise.all(
        Array.from({ length: CLIENTS }, async () => {
          using client = await openClient(port);
          return await client.ask();
        }),
      );
      await new Promise<void>(resolve => process.nextTick(resolve));
      const drain = () => drainServers(held.tracker, new Giver(), { lingerMs: 60_000, clock: systemClock });
      const drained = first === 'the drain' ? drain() : undefined;
      const closed = connections.closeGracefully(AbortSignal.any([]));
      await (drained ?? drain());
      assert.deepEqual(await closed, { idle: 1, finished: CLIENTS, destroyed: 0 });
      assert.deepEqual(new Set(await answers), new Set(['ok']));
    });
});

test('a worker of a cluster counts once, closes its own server on SIGTERM, and ends', async () => {
  await using cluster = await spawnCluster(fixture('apps/tracks-connections.js'), { workers: 1 });
  using idle = await openClient(cluster.port);
  assert.equal(await idle.ask(), '[1,1]');
  using busy = await openClient(cluster.port);
  busy.send(request('/wait'));
  await eventually(async () => (await idle.ask()) === '[2,2]');
  const [pid = 0] = cluster.workers();
  const lost = assert.rejects(busy.answer(), /the connection ended/);
  cluster.kill(pid, 'SIGTERM');
  const left = await cluster.waitFor('child-left', event => event.pid === pid);
  assert.deepEqual([left.exit.code, left.exit.signal], [0, null]);
  await lost;
  assert.match(cluster.output(), /closed: \{"idle":1,"finished":0,"destroyed":1\}/);
});

test('to import the door into a program that is no worker does nothing: no listener, no timer, no channel is held', async () => {
  const program = `
    const counts = () => JSON.stringify([process, process.stdout].map(one => one.eventNames().map(name => [String(name), one.listenerCount(name)])));
    const [before, keys] = [counts(), Object.getOwnPropertyNames(globalThis).length + Object.getOwnPropertySymbols(globalThis).length];
    const { listen } = (await import('node:net')).Server.prototype;
    const { trackConnections } = await import('app-cluster/worker');
    const after = Object.getOwnPropertyNames(globalThis).length + Object.getOwnPropertySymbols(globalThis).length;
    process.send([typeof trackConnections, before === counts(), keys === after, listen === (await import('node:net')).Server.prototype.listen]);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const heard = once(child, 'message');
  const ended = once(child, 'exit');
  assert.deepEqual(await heard, [['function', true, true, true], undefined]);
  assert.deepEqual(await ended, [0, null], 'its channel does not keep it alive');
});
