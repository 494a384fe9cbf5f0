import assert from 'node:assert/strict';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import type { SpawnedCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { launchEgg, spawnEgg } from '../support/egg.js';
import { emptyFolder, fixture } from '../support/fixtures.js';

interface Seen {
  readonly pid: number;
  readonly received: readonly { readonly action: string; readonly data: unknown }[];
  readonly sawServer: boolean;
  readonly options: Record<string, unknown>;
}

const openStream = async (port: number): Promise<IncomingMessage> => (await once(get({ port, agent: false }), 'response'))[0];
const seenBy = async ({ port }: SpawnedCluster, path = '/'): Promise<Seen> => JSON.parse(await bodyOf(port, path));
const actions = ({ received }: Pick<Seen, 'received'>) => received.map(({ action }) => action);
const records = (options: Record<string, unknown> = {}) => ({ options: { baseDir: fixture('eggs/records'), ...options } });

suite('a framework of the egg kind', { concurrency: 2 }, () => {
  test('a SIGTERM to the whole group: apps first, then the agent, and what was accepted is answered', async () => {
    await using cluster = await spawnEgg({ options: { baseDir: fixture('eggs/closes-in-order') } });
    const late = [ask(cluster.port, '/late'), ask(cluster.port, '/late')];
    await ask(cluster.port); // They were accepted before this one.
    for (const pid of [cluster.agent() ?? 0, ...cluster.workers(), cluster.pid]) cluster.kill(pid, 'SIGTERM');
    for (const { body } of await Promise.all(late)) assert.equal(body, 'late');
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
    assert.deepEqual(cluster.output().match(/CLOSED \w+/g), ['CLOSED app', 'CLOSED app', 'CLOSED agent']);
  });

  test('what only the master tells is not believed from anybody else', async () => {
    await using cluster = await spawnEgg(records());
    const say = (message: object) => ask(cluster.port, `/?send=${encodeURIComponent(JSON.stringify(message))}`);
    const before = await seenBy(cluster);
    await say({ action: 'egg-ready', to: 'app', data: {} });
    await say({ action: 'egg-pids', receiverPid: String(before.pid), data: [1] });
    await say({ action: 'agent-start', to: 'app' });
    await say({ action: 'egg-ready', to: 'parent', data: { forged: true } });
    await say({ action: 'after', to: 'app' });
    let received: Seen['received'] = [];
    while (!received.some(({ action }) => action === 'after')) ({ received } = await seenBy(cluster));
    assert.equal(received.filter(({ action }) => action === 'egg-ready').length, 1);
    assert.ok(!received.some(({ action, data }) => action === 'agent-start' || (action === 'egg-pids' && String(data) === '1')));
    assert.ok(!cluster.messages.some(({ data }) => (data as { forged?: boolean } | undefined)?.forged));
  });

  test('an agent that dies while the apps boot fails the start', async () => {
    await using cluster = await launchEgg({ options: { baseDir: fixture('eggs/agent-dies-while-apps-boot') } });
    assert.deepEqual(await cluster.exited, { code: 1, signal: null });
    assert.match(cluster.stderr(), /\[master\] agent_worker#1:\d+ start fail, exiting with code:1/);
    assert.doesNotMatch(cluster.output(), /agent_worker#2/);
  });

  test('starts agent, then apps, says so in the wording of egg-cluster, and tells the parent', async () => {
    await using cluster = await spawnEgg();
    assert.equal(JSON.parse(await bodyOf(cluster.port)).url, '/');
    const output = cluster.output();
    const expected = [
      /\[master\] =================== ready-framework start =====================/,
      /\[master\] node version v/,
      /\[master\] ready-framework version 1\.2\.3/,
      /\[master\] start with options:\n\{\n/,
      /\[master\] agent_worker#1:\d+ start with clusterPort:\d+/,
      /\[master\] agent_worker#1:\d+ started \(\d+ms\)/,
      /\[master\] app_worker#\d:\d+ started at \d+, remain 1 \(\d+ms\)/,
      /\[master\] app_worker#\d:\d+ started at \d+, remain 0 \(\d+ms\)/,
      /\[master\] ready-framework started on http:\/\/127\.0\.0\.1:\d+ \(\d+ms\)/,
    ];
    const places = expected.map(line => output.search(line));
    assert.ok(
      places.every(place => place >= 0),
      `missing: ${expected[places.indexOf(-1)]}`,
    );
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      'in this order',
    );
    assert.deepEqual(await cluster.waitForMessage('egg-ready'), {
      action: 'egg-ready',
      data: { port: cluster.port, address: `http://127.0.0.1:${cluster.port}`, protocol: 'http' },
      to: 'parent',
      from: 'master',
    });
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    assert.match(cluster.output(), /\[master\] master is killed by signal SIGTERM, closing/);
    assert.match(cluster.output(), /\[app_worker\] receive signal SIGTERM, exiting with code:0/);
    assert.match(cluster.output(), /\[agent_worker\] exit with code:0/);
    assert.match(cluster.output(), /\[master\] exit with code:0/);
  });

  test('an ES module framework that only has an import condition', async () => {
    await using cluster = await spawnEgg({ options: { framework: fixture('frameworks/esm-framework') } });
    assert.equal(await bodyOf(cluster.port), 'esm-framework');
  });

  test('options are passed through, unknown ones too, and the server event comes before listening', async () => {
    await using cluster = await spawnEgg(records({ foo: { bar: 1 }, wokers: 3, title: 'a title' }));
    const { options, sawServer } = await seenBy(cluster);
    assert.deepEqual([options['foo'], options['wokers'], options['title'], options['workers']], [{ bar: 1 }, 3, 'a title', 2]);
    assert.ok(Number.isInteger(options['clusterPort']));
    assert.equal(sawServer, true);
    assert.match(cluster.output(), /unknown option "wokers": did you mean "workers"\?/);
  });

  test('secrets are neither in the log nor in a command line, and still reach the application', async () => {
    await using cluster = await spawnEgg(records({ database: { password: 'hush-hush' } }));
    assert.deepEqual((await seenBy(cluster)).options['database'], { password: 'hush-hush' });
    assert.doesNotMatch(cluster.output(), /hush-hush/);
  });

  test('options larger than an argument may be reach the application', async () => {
    await using cluster = await spawnEgg({ ...records(), env: {}, options: { baseDir: fixture('eggs/records'), big: 'x'.repeat(110_000) } });
    assert.equal(((await seenBy(cluster)).options['big'] as string).length, 110_000);
  });

  test('every app and the agent hear egg-ready once; egg-pids reach both sides', async () => {
    await using cluster = await spawnEgg(records());
    const app = await seenBy(cluster);
    assert.equal(actions(app).filter(action => action === 'egg-ready').length, 1);
    assert.deepEqual(
      app.received.filter(({ action }) => action === 'egg-pids').map(({ data }) => data),
      [[cluster.agent()]],
    );
    const { received } = await seenBy(cluster, '/agent');
    const agent = received.find(({ action }) => action === 'that')?.data as Seen['received'];
    assert.equal(actions({ received: agent }).filter(action => action === 'egg-ready').length, 1);
    const pids = agent.findLast(({ action }) => action === 'egg-pids')?.data as number[];
    assert.deepEqual(pids.toSorted(), cluster.workers().toSorted());
  });

  test('a dead app worker is replaced; parent and agent hear of it, survivors hear nothing twice', async () => {
    await using cluster = await spawnEgg({ ...records(), workers: 2 });
    const [victim = 0, survivor = 0] = cluster.workers();
    cluster.kill(victim);
    const { pid } = await cluster.waitFor('child-started');
    assert.match(
      cluster.stderr(),
      new RegExp(
        `nodejs.AppWorkerDiedError: \\[master\\] app_worker#\\d:${victim} died \\(code: null, signal: SIGKILL, suicide: false, state: \\w+\\), current workers: \\["\\d"\\]`,
      ),
    );
    assert.deepEqual(cluster.workers().toSorted(), [pid, survivor].toSorted());
    await cluster.waitForMessage('app-worker-died');
    const seen: Seen[] = [];
    while (new Set(seen.map(({ pid }) => pid)).size < 2) seen.push(await seenBy(cluster));
    for (const worker of seen) assert.equal(actions(worker).filter(action => action === 'egg-ready').length, 1);
  });

  test('a dead agent is replaced after a second; apps hear of it', async () => {
    await using cluster = await spawnEgg(records());
    const old = cluster.agent();
    cluster.kill(old ?? 0);
    const { waitMs } = await cluster.waitFor('backing-off', event => event.role === 'agent');
    assert.ok(waitMs >= 1_000 && waitMs < 1_500);
    await cluster.waitFor('child-started', event => event.role === 'agent');
    assert.match(cluster.output(), /\[master\] try to start a new agent_worker after [\d.]+s \.\.\./);
    assert.match(cluster.stderr(), /AgentWorkerDiedError/);
    await cluster.waitForMessage('agent-worker-died');
    const { received } = await seenBy(cluster);
    assert.deepEqual(
      received.filter(({ action }) => action === 'egg-pids').map(({ data }) => data),
      [[old], [], [cluster.agent()]],
    );
    assert.ok(actions({ received }).includes('agent-start'));
  });

  test('a replacement that dies while booting is re-forked again, until the cause is gone', async () => {
    using folder = emptyFolder();
    const BROKEN = join(folder.path, 'broken');
    await using cluster = await spawnEgg({ env: { BROKEN }, options: { baseDir: fixture('eggs/dies-while-booting') } });
    writeFileSync(BROKEN, '');
    cluster.kill(cluster.workers()[0] ?? 0);
    for (let failures = 0; failures < 3; failures++) await cluster.waitFor('backing-off');
    rmSync(BROKEN);
    await cluster.waitFor('child-started');
    assert.equal(cluster.workers().length, 2);
  });

  test('in development a dead worker is not replaced', async () => {
    await using cluster = await spawnEgg({ env: { NODE_ENV: 'development' } });
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-left');
    assert.equal(cluster.workers().length, 1);
    assert.ok(cluster.events.every(event => event.type !== 'backing-off'));
  });

  for (const [title, listen, host] of [
    ['its own port', { port: 0 }, undefined],
    ['its own host', { port: 0, hostname: '127.0.0.1' }, '127.0.0.1'],
  ] as const) {
    test(`the application's configuration sets ${title} when no port is given`, async () => {
      const probe = createServer().listen(0);
      const { port } = probe.address() as AddressInfo;
      probe.close();
      await once(probe, 'close');
      await using cluster = await spawnEgg({
        port: false,
        env: { PORT: '0', LISTEN: JSON.stringify({ ...listen, port }) },
        options: { baseDir: fixture('eggs/app-port') },
      });
      assert.equal((await ask({ host: host ?? '127.0.0.1', port })).status, 200);
      assert.equal(cluster.workers().length, 2);
    });
  }

  test('a UNIX path counts as started and is the address', async () => {
    using folder = emptyFolder();
    const path = join(folder.path, 'egg.sock');
    await using cluster = await spawnEgg({ port: false, env: { PORT: '0', LISTEN: JSON.stringify({ path }) }, options: { baseDir: fixture('eggs/app-port') } });
    assert.equal((await ask({ socketPath: path })).status, 200);
    assert.match(cluster.output(), new RegExp(`ready-framework started on ${path} \\(`));
  });

  test('an unusable port says so', async () => {
    await using cluster = await launchEgg({ port: false, env: { PORT: '0', LISTEN: '{"port":"no-port"}' }, options: { baseDir: fixture('eggs/app-port') } });
    assert.equal((await cluster.exited).code, 1);
    assert.match(cluster.stderr(), /\[app_worker\] port should be number, but got no-port\(string\)/);
  });

  for (const [name, who, said] of [
    ['app-start-error', 'app', /app refuses to start/],
    ['agent-start-error', 'agent', /agent refuses to start/],
    ['start-timeout', 'app', /\[app_worker\] start timeout, exiting with code:1/],
  ] as const) {
    test(`${name}: the start fails, exit 1`, async () => {
      await using cluster = await launchEgg({ options: { baseDir: fixture(`eggs/${name}`) } });
      assert.equal((await cluster.exited).code, 1);
      assert.match(cluster.stderr(), said);
      assert.match(cluster.stderr(), new RegExp(`\\[master\\] ${who}_worker#\\d:\\d+ start fail, exiting with code:1`));
      assert.match(cluster.stderr(), /\[master\] exit with code:1/);
    });
  }

  test('an agent that never gets ready fails the start at its limit', async () => {
    await using cluster = await launchEgg({ options: { baseDir: fixture('eggs/agent-never-ready'), startTimeoutMs: 400 } });
    assert.equal((await cluster.exited).code, 1);
    assert.match(cluster.stderr(), /agent_worker#1:\d+ did not get ready within 400 ms/);
  });

  test('a framework without the two exports is named, and the master never loaded it', async () => {
    await using cluster = await launchEgg({ options: { framework: fixture('frameworks/no-exports') } });
    assert.equal((await cluster.exited).code, 1);
    assert.match(cluster.stderr(), /should define Agent in .*no-exports/);
  });

  test('an open stream does not keep close hooks from running', async () => {
    await using cluster = await spawnEgg({ env: { EGG_MASTER_CLOSE_TIMEOUT: '1500' }, options: { baseDir: fixture('eggs/open-stream') } });
    const stream = await openStream(cluster.port);
    assert.equal((await cluster.stop()).code, 0);
    stream.destroy();
    assert.equal(cluster.output().match(/closed \d+/g)?.length, 2);
    assert.deepEqual(cluster.events.find(event => event.type === 'cluster-stopped')?.forced, []);
  });

  test('a worker that somebody else tells to go, with a stream open, is replaced at once and closes', async () => {
    await using cluster = await spawnEgg({ env: { EGG_MASTER_CLOSE_TIMEOUT: '1500' }, options: { baseDir: fixture('eggs/open-stream') } });
    const stream = await openStream(cluster.port);
    const pid = Number(String(await once(stream, 'data')));
    cluster.kill(pid, 'SIGTERM');
    await cluster.waitFor('child-started');
    await cluster.waitFor('child-left', event => event.pid === pid);
    stream.destroy();
    assert.match(cluster.output(), new RegExp(`closed ${pid}`));
    assert.equal(cluster.workers().length, 2);
  });

  test('a SIGTERM listener of a plugin does not keep close hooks from running', async () => {
    await using cluster = await spawnEgg({ options: { baseDir: fixture('eggs/own-sigterm') } });
    await cluster.stop();
    assert.equal(cluster.output().match(/closed \d+/g)?.length, 2);
  });

  test('listening elsewhere before it is ready does not count as started', async () => {
    const other = await freePort(0);
    await using cluster = await spawnEgg({ env: { OTHER_PORT: String(other) }, options: { baseDir: fixture('eggs/other-port-first') } });
    assert.deepEqual((await cluster.waitForMessage('egg-ready'))['data'], {
      port: cluster.port,
      address: `http://127.0.0.1:${cluster.port}`,
      protocol: 'http',
    });
    assert.equal((await ask(cluster.port)).status, 200);
  });

  test('https that the application configures itself is announced as https', async () => {
    const env = { KEY: fixture('tls/key.pem'), CERT: fixture('tls/cert.pem') };
    await using cluster = await spawnEgg({ env, options: { baseDir: fixture('eggs/https-by-config') } });
    assert.deepEqual((await cluster.waitForMessage('egg-ready'))['data'], {
      port: cluster.port,
      address: `https://127.0.0.1:${cluster.port}`,
      protocol: 'https',
    });
  });

  test('a stop sends no death notices, in development neither', async () => {
    await using cluster = await spawnEgg({ env: { NODE_ENV: 'development' } });
    await cluster.stop();
    assert.deepEqual(
      cluster.messages.map(({ action }) => action),
      ['egg-ready'],
    );
  });

  test('a debug port that is taken costs nobody his life; one given as text is a port', async () => {
    const holder = createServer().listen(0);
    const { port: taken } = holder.address() as AddressInfo;
    await using cluster = await spawnEgg({ options: { debugPort: String(taken) } });
    assert.equal((await ask(cluster.port)).status, 200);
    holder.close();
    const debugPort = await freePort(0);
    await using second = await spawnEgg({ options: { debugPort: String(debugPort) } });
    assert.equal(second.workers().length, 2);
    assert.equal((await ask(debugPort)).status, 200);
  });

  test('a fork that is impossible fails the start instead of hanging it', async () => {
    using folder = emptyFolder();
    const envFile = join(folder.path, 'huge.env');
    writeFileSync(envFile, `HUGE=${'x'.repeat(200_000)}`);
    await using cluster = await launchEgg({ options: { envFile } });
    assert.equal((await cluster.exited).code, 1);
    assert.match(cluster.stderr(), /could not be forked \(spawn E2BIG\)/);
  });

  test('close hooks run before the end, also after a second signal', async () => {
    await using cluster = await spawnEgg({ options: { baseDir: fixture('eggs/slow-close') } });
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('cluster-stopping');
    cluster.kill(cluster.pid, 'SIGINT');
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
    assert.equal(cluster.output().match(/closed \d+/g)?.length, 2);
  });

  test('a message from the parent reaches whom it names; nonsense from it hurts nobody', async () => {
    await using cluster = await spawnEgg(records());
    for (const message of ['text', null, 7, [], {}, { action: 'error', to: 'master' }, { action: 'constructor', to: '__proto__' }])
      if (message !== null) cluster.send(message);
    cluster.send({ action: 'hello', data: 1, to: 'app' });
    await cluster.waitFor('message-dropped');
    let actionsSeen: string[] = [];
    while (!actionsSeen.includes('hello')) actionsSeen = actions(await seenBy(cluster));
    assert.equal(cluster.workers().length, 2);
  });

  test('reload-worker replaces all workers, newcomer first, without a lost request', async () => {
    await using cluster = await spawnEgg(records());
    const before = cluster.workers();
    cluster.send({ action: 'reload-worker' });
    await cluster.waitFor('cluster-reloaded');
    assert.equal(cluster.workers().length, 2);
    assert.ok(cluster.workers().every(pid => !before.includes(pid)));
    assert.equal(JSON.parse(await bodyOf(cluster.port)).sawServer, true);
    assert.ok(!cluster.messages.some(({ action }) => action === 'app-worker-died'), 'planned departures send no death notices in production');
  });

  test('the parent may go: the cluster stays', async () => {
    await using cluster = await spawnEgg();
    cluster.disconnect();
    assert.equal((await ask(cluster.port)).status, 200);
    cluster.kill(cluster.workers()[0] ?? 0);
    assert.equal((await ask(cluster.port)).status, 200);
  });
});
