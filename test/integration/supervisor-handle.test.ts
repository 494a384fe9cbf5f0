// startSupervisor() in this very process: rows G, S and P as a proxy or an admin server would use them.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { type StartSupervisorOptions, startSupervisor } from '../../lib/supervisor.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { ask, bodyOf } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { emptyFolder } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { program, serving } from '../support/services.js';

const home = emptyFolder();
process.env['APP_CLUSTER_HOME'] = home.path;
after(() => home[Symbol.dispose]());

let serial = 0;
const supervise = (config: object, options: StartSupervisorOptions = {}) => startSupervisor(config, { name: `sup${++serial}`, ...options });

/** Two profiles: the one at the root, and `work`. */
function gateways(folder: string): object {
  const write = (path: string, text: string) => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  write('config.yaml', '# the main one\nserver:\n  port: 18642 # where it listens\n  host: 127.0.0.1\nport: 1\n');
  write('profiles/office/config.yaml', 'server:\n  port: "18643"\n');
  write('profiles/office/.env', 'KEY="top secret"\n');
  const source = {
    exec: process.execPath,
    args: [program('gateway')],
    portKey: 'server.port',
    hostKey: 'server.host',
    staleKeys: ['port', 'host'],
    apiKeyVariable: 'KEY',
  };
  return { sources: [{ profiles: folder, basePort: 18_650, ...source }] };
}

suite('services of a program', () => {
  test('start gives its status, once more the same; stop ends it; both say what is asked of them with idempotent: false', async () => {
    await using supervisor = await supervise({ services: { web: serving('auto', { desired: 'down' }) } });
    const status = await supervisor.start('web');
    assert.deepEqual([status.running, (await ask(status.port ?? 0)).status], [true, 200]);
    assert.equal((await supervisor.start('web')).pid, status.pid);
    await assert.rejects(supervisor.start('web', { idempotent: false }), /service is running/);
    assert.deepEqual((await supervisor.stop('web')).remains, []);
    assert.equal(isAlive(status.pid ?? 0), false);
    await assert.rejects(supervisor.stop('web', { idempotent: false }), /service not running/);
    assert.equal((await supervisor.status('web')).desired, 'down');
  });

  test('a failed start leaves what was wanted as it was, and nothing behind', async () => {
    await using supervisor = await supervise({ services: { bad: { exec: program('dies'), port: 'auto', desired: 'down' } } });
    await assert.rejects(supervisor.start('bad'), /bad did not start: exit code 3/);
    const { desired, status, pid, lastExit } = await supervisor.status('bad');
    assert.deepEqual([desired, status, pid, lastExit?.code], ['down', 'failed', undefined, 3]);
  });

  test('one control channel at a time: refused while it is held, and of one that is stopped; free again when it is let go', async () => {
    await using supervisor = await supervise({ services: { web: serving(), idle: { exec: program('sleeps'), desired: 'down' } } });
    const channel = supervisor.attach('web');
    assert.throws(() => supervisor.attach('web'), /channel exists/);
    assert.throws(() => supervisor.attach('idle'), /service stopped/);
    const first = channel.events[Symbol.asyncIterator]().next();
    await supervisor.restart('web');
    const { value } = await first;
    assert.ok(value !== undefined && 'service' in value.event && value.event.service === 'web');
    channel.release();
    supervisor.attach('web').release();
  });

  test('startAll goes on where one fails, stopAll ends those that are ours, side by side', async () => {
    await using supervisor = await supervise({ services: { a: serving(), b: { exec: './nowhere' }, c: serving() } }, { up: false });
    const { running, failed } = await supervisor.startAll();
    assert.deepEqual([running, failed.map(({ service }) => service)], [['a', 'c'], ['b']]);
    const pids = (await supervisor.list()).flatMap(({ pid }) => pid ?? []);
    const reports = await supervisor.stopAll();
    assert.deepEqual([reports.map(({ service }) => service), reports.flatMap(({ remains }) => remains)], [['a', 'c'], []]);
    await gone(pids);
  });

  test('its facts can be listened to, and it can be steered from elsewhere meanwhile', async () => {
    await using supervisor = await supervise({ services: { web: serving() } }, { up: false });
    const started: string[] = [];
    const forget = supervisor.on('service-started', ({ service }) => started.push(service));
    await supervisor.start('web');
    forget();
    await supervisor.restart('web');
    assert.deepEqual(started, ['web']);
    assert.ok(existsSync(join(home.path, 'run', `${supervisor.name}.sock`)));
  });

  test('the end of the supervisor is the end of its services, and what is wanted stays', async () => {
    const config = { services: { web: serving() } };
    const supervisor = await supervise(config, { name: 'again' });
    const { pid = 0 } = await supervisor.status('web');
    const { remains } = await supervisor.stop();
    assert.deepEqual([remains, isAlive(pid)], [[], false]);
    await using next = await supervise(config, { name: 'again' });
    assert.equal((await next.status('web')).running, true);
  });

  test('wrong configuration: everything at once, and nothing is started', async () => {
    await assert.rejects(supervise({ services: { web: { port: 0 }, api: { exec: 'x', cluster: {} } } }), /2 things are wrong|web/);
    await assert.rejects(
      supervise({ services: { a: { exec: 'x', dependsOn: { b: 'ready' } }, b: { exec: 'x', dependsOn: { a: 'ready' } } } }),
      /a circle: a → b → a/,
    );
  });
});

suite('profiles of a gateway', () => {
  test('each is a service: its port from its configuration, its upstream, its key, the active one', async () => {
    using folder = emptyFolder();
    await using supervisor = await supervise(gateways(folder.path), { up: false });
    assert.deepEqual(
      (await supervisor.listProfiles()).map(({ name, port }) => [name, port]),
      [
        ['default', 18_642],
        ['office', 18_643],
      ],
    );
    assert.equal(supervisor.getUpstream(), 'http://127.0.0.1:18642');
    assert.equal(supervisor.getUpstream('office'), 'http://127.0.0.1:18643');
    assert.deepEqual([supervisor.getApiKey('office'), supervisor.getApiKey('default')], ['top secret', null]);
    assert.equal(supervisor.getActive(), 'default');
    await supervisor.setActive('office');
    assert.equal(supervisor.getUpstream(), 'http://127.0.0.1:18643');
    await assert.rejects(supervisor.setActive('nobody'), /There is no service "nobody"/);
  });

  test('a new profile is known when they are listed again', async () => {
    using folder = emptyFolder();
    await using supervisor = await supervise(gateways(folder.path), { up: false });
    mkdirSync(join(folder.path, 'profiles', 'new'));
    writeFileSync(join(folder.path, 'profiles', 'new', 'config.yaml'), '');
    assert.deepEqual((await supervisor.listProfiles()).map(({ name }) => name).toSorted(), ['default', 'new', 'office']);
  });

  test('its configured port is taken: it gets another, written into its configuration, and everything else there stays', async () => {
    using folder = emptyFolder();
    const config = gateways(folder.path);
    const holder = createServer().listen(18_642, '127.0.0.1');
    await once(holder, 'listening');
    await using supervisor = await supervise(config, { up: false });
    const { port = 0, running } = await supervisor.start('default');
    holder.close();
    assert.deepEqual([running, port >= 18_650], [true, true]);
    assert.equal(readFileSync(join(folder.path, 'config.yaml'), 'utf8'), `# the main one\nserver:\n  port: ${port} # where it listens\n  host: 127.0.0.1\n`);
    assert.equal(await bodyOf(port, '/'), folder.path);
    await supervisor.stop('default');
    assert.equal(existsSync(join(folder.path, 'gateway.pid')), false);
  });

  test('one that somebody else has started is found by its pid file and its health, listed, and left alone', async () => {
    using folder = emptyFolder();
    const config = gateways(folder.path);
    const other: ChildProcess = spawn(process.execPath, [program('gateway')], { env: { ...process.env, HOME: folder.path }, stdio: 'ignore' });
    await eventually(() => existsSync(join(folder.path, 'gateway.pid')));
    const supervisor = await supervise(config, { up: false });
    const seen = (await supervisor.detectAll()).find(({ name }) => name === 'default');
    assert.deepEqual([seen?.running, seen?.isOwned, seen?.pid], [true, false, other.pid]);
    assert.equal((await supervisor.start('default')).pid, other.pid);
    await supervisor.stopAll();
    await supervisor.stop();
    assert.ok(isAlive(other.pid ?? 0));
    other.kill();
    await once(other, 'exit');
  });

  test('one that somebody else has started is ended when it is asked for by name', async () => {
    using folder = emptyFolder();
    const config = gateways(folder.path);
    const other: ChildProcess = spawn(process.execPath, [program('gateway')], { env: { ...process.env, HOME: folder.path }, stdio: 'ignore' });
    const ended = once(other, 'exit');
    await eventually(() => existsSync(join(folder.path, 'gateway.pid')));
    await using supervisor = await supervise(config, { up: false });
    assert.deepEqual((await supervisor.stop('default')).remains, []);
    await ended;
    assert.equal(existsSync(join(folder.path, 'gateway.pid')), false);
  });

  test('where only its health answers, and there is no stop command, that is said', async () => {
    using folder = emptyFolder();
    const stranger = createServer((_request, response) => response.end('ok')).listen(18_642, '127.0.0.1');
    await once(stranger, 'listening');
    await using supervisor = await supervise(gateways(folder.path), { up: false });
    assert.match((await supervisor.stop('default')).remains.join(), /no PID available/);
    assert.equal((await supervisor.status('default')).running, false);
    stranger.close();
    stranger.closeAllConnections();
  });

  test('a pid file of a process that is another by now is stale: removed, and nobody is signalled', async () => {
    using folder = emptyFolder();
    const config = gateways(folder.path);
    writeFileSync(join(folder.path, 'gateway.pid'), String(process.pid));
    await using supervisor = await supervise(config, { up: false });
    assert.equal((await supervisor.status('default')).running, false);
    const { pid } = await supervisor.start('default');
    assert.notEqual(pid, process.pid);
  });
});

suite('micro-services with a manifest', () => {
  test('each is registered by its id; a bad one is listed as invalid, and the others go on', async () => {
    using folder = emptyFolder();
    const manifest = (name: string, facts: object) => {
      mkdirSync(join(folder.path, name));
      writeFileSync(join(folder.path, name, 'manifest.json'), JSON.stringify(facts));
    };
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    manifest('good', { service_id: 'good', exec: './start.sh', args: ['$5'], health_check: `http://127.0.0.1:${port}/health` });
    writeFileSync(join(folder.path, 'good', 'start.sh'), `#!/bin/sh\nPORT=${port} exec ${process.execPath} ${program('serves')} "$@"\n`);
    chmodSync(join(folder.path, 'good', 'start.sh'), 0o755);
    manifest('bad', { service_id: 'bad', exec: 'two words' });
    await using supervisor = await supervise({ sources: [{ manifests: folder.path }] });
    const all = await supervisor.list();
    assert.deepEqual(
      all.map(({ name, status }) => [name, status]),
      [
        ['good', 'running'],
        ['bad', 'invalid'],
      ],
    );
    assert.deepEqual((JSON.parse(await bodyOf(port)) as { args: string[] }).args, ['$5']);
    await assert.rejects(supervisor.start('bad'), /bad cannot be a service/);
  });
});
