// The loss account: what clients count is what the cluster says.

import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { suite, test } from 'node:test';
import type { Account, InstanceStatus, LossAccount, StopAccount } from '../../lib/protocol/snapshot.js';
import { freePort } from '../../lib/system/free-port.js';
import type { SpawnedCluster } from '../../lib/testing.js';
import { ask, bodyOf, startLoad } from '../support/client.js';
import { fixture } from '../support/fixtures.js';
import { type Home, home } from '../support/home.js';
import { openClient, request } from '../support/raw-client.js';

const HOLDS = fixture('apps/holds.js');

async function totalOf(place: Home): Promise<LossAccount> {
  const { stdout } = await place.run('status', 'web', '--json');
  const { losses } = JSON.parse(stdout) as InstanceStatus;
  return losses ?? assert.fail(stdout);
}

/** Requests that are never answered, once all of them have come in. */
async function hold(cluster: SpawnedCluster, count: number): Promise<void> {
  for (let n = 0; n < count; n++) (await openClient(cluster.port)).send(request('/hold'));
  const heard = () => cluster.messages.filter(({ action }) => action === 'held').length;
  while (heard() < count) await new Promise(setImmediate);
}

suite('loss account', { concurrency: 2 }, () => {
  test('a reload under load: everything the clients had answered is there, nothing is cut, idle connections are handed over', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/plain.js'));
    const idle = await Promise.all(Array.from({ length: 6 }, () => openClient(cluster.port)));
    for (const client of idle) await client.ask();
    const load = startLoad(cluster.port, { clients: 4, keepAlive: true });
    const { stdout } = await place.run('reload', 'web', '--json');
    const { losses } = JSON.parse(stdout) as Account;
    const { served, failed } = await load.end();
    assert.deepEqual(failed, []);
    assert.ok(losses && losses.served > 0 && losses.served <= served, stdout);
    assert.ok(losses.handedOver >= idle.length, stdout);
    assert.deepEqual([losses.cut, losses.refused], [0, 0]);
    const total = await totalOf(place);
    assert.equal(total.served, served + idle.length);
    assert.ok(total.accepted >= idle.length + 4);
    const told = cluster.events.find(event => event.type === 'cluster-reloaded');
    assert.ok((told?.losses.handedOver ?? 0) >= idle.length);
    for (const client of idle) client[Symbol.dispose]();
  });

  test('requests before the operation are not in its account', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/plain.js'));
    for (let n = 0; n < 5; n++) await ask(cluster.port);
    const { losses } = JSON.parse((await place.run('reload', 'web', '--json')).stdout) as Account;
    assert.deepEqual(losses, { accepted: 0, served: 0, rescued: 0, handedOver: 0, refused: 0, cut: 0 });
    assert.equal((await totalOf(place)).served, 5, 'the dead are not forgotten');
  });

  test('a forced stop with a request in flight: one is cut', async () => {
    using place = home();
    await using cluster = await place.start(HOLDS);
    await hold(cluster, 1);
    const [{ losses }] = JSON.parse((await place.run('stop', 'web', '--force', '--json')).stdout) as [StopAccount];
    assert.equal(losses?.cut, 1);
  });

  test('a stop whose budget is over: those still in flight are cut', async () => {
    using place = home();
    await using cluster = await place.start(HOLDS, { args: ['--stop-timeout', '1s'] });
    await hold(cluster, 2);
    await cluster.stop();
    const stopped = cluster.events.find(event => event.type === 'cluster-stopped');
    assert.equal(stopped?.losses?.cut, 2);
  });

  test('a SIGKILL with three requests in flight at its last beat: three are cut', async () => {
    using place = home();
    await using cluster = await place.start(HOLDS, { workers: 1 });
    await hold(cluster, 3);
    assert.equal((await totalOf(place)).cut, 0); // Asks for a beat.
    const [victim = 0] = cluster.workers();
    cluster.kill(victim);
    await cluster.waitFor('child-started');
    assert.equal((await totalOf(place)).cut, 3);
  });

  test('an uncaught exception: what was in flight is known without a beat before', async () => {
    using place = home();
    await using cluster = await place.start(HOLDS, { workers: 1 });
    await hold(cluster, 1);
    await assert.rejects(bodyOf(cluster.port, '/throw'));
    await cluster.waitFor('child-started');
    assert.equal((await totalOf(place)).cut, 2, 'and the one that threw');
  });

  test('sticky: connections that a dead worker had not looked at are rescued, not cut', async () => {
    using place = home();
    await using cluster = await place.start(HOLDS, { args: ['--sticky'] });
    const from = (localAddress: string) => bodyOf({ host: '127.0.0.1', port: cluster.port, localAddress }).then(Number);
    const homes = new Map<number, string>();
    for (let i = 2; homes.size < 2; i++) homes.set(await from(`127.0.0.${i}`), `127.0.0.${i}`);
    const [[victim, client], [, other]] = [...homes] as [[number, string], [number, string]];
    cluster.kill(victim, 'SIGSTOP');
    const waiting = [from(client), from(client), from(client)];
    await from(other); // Accepted after those three.
    cluster.kill(victim);
    await Promise.all(waiting);
    const { rescued, cut } = await totalOf(place);
    assert.deepEqual([rescued, cut], [3, 0]);
  });

  test('requests over HTTP/2 are served too', async () => {
    using place = home();
    const ports: string[] = [];
    while (ports.length < 4) ports.push(String(await freePort(0)));
    const [H2_PORT = '', HTTPS_PORT = '', H2S_PORT = '', TCP_PORT = ''] = ports;
    const env = { KEY: fixture('tls/key.pem'), CERT: fixture('tls/cert.pem'), H2_PORT, HTTPS_PORT, H2S_PORT, TCP_PORT, UNIX_PATH: `${place.path}/app.sock` };
    await using cluster = await place.start(fixture('apps/many-kinds.js'), { env, args: ['--ready', 'signal'] });
    const session = connectHttp2(`http://127.0.0.1:${H2_PORT}`);
    for (let n = 0; n < 3; n++) {
      const stream = session.request({ ':path': '/' });
      for await (const _ of stream) void _;
    }
    session.close();
    await ask(cluster.port);
    assert.equal((await totalOf(place)).served, 4);
  });

  test('commands say it in words, metrics in numbers', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/plain.js'));
    await ask(cluster.port);
    assert.match((await place.run('status', 'web')).stdout, /1 request served, 0 lost/);
    assert.match((await place.run('reload', 'web')).stdout, /0 requests served, 0 lost/);
    const metrics = await bodyOf({ socketPath: place.socket('web') }, '/metrics');
    assert.match(metrics, /^app_cluster_requests_served_total 1$/m);
    assert.match(metrics, /^app_cluster_requests_cut_total 0$/m);
    assert.match((await place.run('stop', 'web')).stdout, /web stopped in .*: 0 requests served, 0 lost/);
  });
});
