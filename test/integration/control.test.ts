import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { type ClusterError, connect } from '../../lib/index.js';
import { VERBS } from '../../lib/protocol/control.js';
import { resultSchemas } from '../../lib/protocol/results.schema.js';
import { identityOf } from '../../lib/system/process-identity.js';
import { spawnCluster } from '../../lib/testing.js';
import { ask, startLoad } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { eventually } from '../support/eventually.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { home } from '../support/home.js';

const PLAIN = fixture('apps/plain.js');

interface Raw {
  readonly status: number;
  readonly text: string;
}

/** Any method, headers and body. */
function send(socketPath: string, method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers, agent: false, timeout: 10_000 }, response => {
      let text = '';
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk;
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.once('error', reject);
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

const codeOf = ({ text }: Raw) => (JSON.parse(text) as { error: { code: string } }).error.code;

suite('the control server', { concurrency: 2 }, () => {
  test('status tells of every worker: index, memory, CPU, event loop, requests, restarts and why', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    for (let n = 0; n < 20; n++) await ask(cluster.port);
    const client = await connect(place.socket('web'));
    const [victim = 0] = cluster.workers();
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ isFirst }) => !isFirst);
    const status = await client.status();
    assert.equal(status.pid, cluster.pid);
    assert.equal(status.address?.port, cluster.port);
    assert.deepEqual(status.workers.map(({ slot }) => slot).toSorted(), [0, 1]);
    for (const worker of status.workers) {
      assert.ok((worker.rssBytes ?? 0) > 20_000_000, `rss ${worker.rssBytes}`);
      assert.ok((worker.vitals?.loopUtilization ?? -1) >= 0);
      assert.equal(worker.vitals?.connections, 0);
    }
    assert.ok(status.workers.reduce((sum, { vitals }) => sum + (vitals?.requests ?? 0), 0) <= 20);
    const replaced = status.workers.find(({ slot }) => slot === 0);
    assert.equal(replaced?.restarts, 1);
    assert.deepEqual([replaced?.lastExit?.signal, replaced?.lastExit?.pid], ['SIGKILL', victim]);
  });

  test('a worker in an endless loop is no reason to wait: status, health and metrics answer', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/metrics.cjs'), { workers: 1 });
    let isOver = false;
    const blocked = ask(cluster.port, '/block').then(() => {
      isOver = true;
    });
    await cluster.waitForMessage('blocking');
    assert.equal((await send(place.socket('web'), 'GET', '/healthz')).text, 'ok\n');
    assert.equal((await (await connect(place.socket('web'))).status()).workers.length, 1);
    assert.equal((await send(place.socket('web'), 'GET', '/metrics')).status, 200);
    assert.ok(!isOver, 'somebody waited for the blocked worker');
    await blocked;
  });

  test('metrics: own series, the application’s added up over the workers, and a death takes nothing away', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/metrics.cjs'), { workers: 2 });
    for (let n = 0; n < 12; n++) await ask(cluster.port, '/');
    const metrics = async () => (await send(place.socket('web'), 'GET', '/metrics')).text;
    const total = (text: string) => Number(/^demo_requests_total\{path="\/"\} (\d+)$/m.exec(text)?.[1]);
    const before = await metrics();
    assert.equal(total(before), 12);
    assert.match(before, /^demo_seconds_count 2$/m);
    assert.match(before, /^app_cluster_workers_ready 2$/m);
    assert.match(before, /^app_cluster_worker_requests_total\{role="app",worker="0"\} \d+$/m);
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started', ({ isFirst }) => !isFirst);
    assert.equal(total(await metrics()), 12);
    assert.match(await metrics(), /^app_cluster_worker_restarts_total\{role="app",worker="0"\} 1$/m);
  });

  test('restart keeps the sockets: nobody is refused, and the workers are others', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    const before = cluster.workers();
    const load = startLoad(cluster.port, { clients: 4 });
    const { workers, generation } = await (await connect(place.socket('web'))).restart();
    const { failed, served } = await load.end();
    assert.deepEqual(failed, []);
    assert.ok(served > 0);
    assert.equal(generation, 2);
    assert.ok(workers.every(pid => !before.includes(pid)));
  });

  test('reload, scale, kill; the account says what came of it', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    const client = await connect(place.socket('web'));
    assert.equal((await client.reload()).generation, 2);
    assert.equal((await client.scale(3)).workers.length, 3);
    const [victim = 0] = cluster.workers();
    assert.deepEqual(await client.kill(victim, 'SIGKILL'), { pid: victim });
    await cluster.waitFor('child-left', ({ pid, failed }) => pid === victim && failed);
    await assert.rejects(client.kill(99_999_999), { code: 'ERR_UNKNOWN_NAME', message: /There is no worker 99999999\. There are: #/ });
    await assert.rejects(client.scale(0), { code: 'ERR_INVALID_ARGUMENTS' });
    const actions = (await client.why()).flatMap(({ event }) => (event.type === 'operated' ? [event.verb] : []));
    assert.deepEqual(actions, ['reload', 'scale', 'kill', 'kill']);
  });

  test('events are an async iterable, and end when their reader leaves', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN);
    const client = await connect(place.socket('web'));
    const leaving = new AbortController();
    const heard: string[] = [];
    const following = (async () => {
      for await (const { event } of client.events({ last: 1_000, signal: leaving.signal })) {
        heard.push(event.type);
        if (event.type === 'cluster-resized') leaving.abort();
      }
    })();
    await client.scale(3);
    await following;
    for (const type of ['cluster-starting', 'cluster-started', 'cluster-resized']) assert.ok(heard.includes(type), type);
  });

  test('stop answers, and nothing is left in the run folder', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    const { forced, survived } = await (await connect(place.socket('web'))).stop();
    assert.deepEqual([forced, survived], [[], []]);
    assert.equal((await cluster.exited).code, 0);
    assert.ok(!existsSync(place.socket('web')));
    await assert.rejects(connect(place.socket('web')), { code: 'ERR_UNREACHABLE' });
  });

  test('who follows is told when it ends', async () => {
    using place = home(true);
    await using _cluster = await place.start(PLAIN, { workers: 1 });
    const client = await connect(place.socket('web'));
    const follow = async (items: AsyncIterable<unknown>) => {
      for await (const _ of items);
      return 'ended';
    };
    const following = Promise.all([follow(client.events()), follow(client.logs({ follow: true }))]);
    await client.reload();
    await client.stop();
    assert.deepEqual(await following, ['ended', 'ended']);
  });

  test('a socket that somebody removed is bound again', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN, { workers: 1 });
    rmSync(place.socket('web'));
    await eventually(() => existsSync(place.socket('web')), 15_000);
    assert.equal((await (await connect(place.socket('web'))).status()).name, 'web');
  });

  test('only its owner may come near: 0700, 0600', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN);
    assert.equal(lstatSync(join(place.path, 'run')).mode & 0o777, 0o700);
    assert.equal(lstatSync(place.socket('web')).mode & 0o777, 0o600);
    assert.equal(lstatSync(join(place.path, 'run', 'web.json')).mode & 0o777, 0o600);
  });

  test('a run folder that is a link, or open to others, is not used; the cluster runs without', async () => {
    const open = (run: string) => {
      mkdirSync(run);
      chmodSync(run, 0o777);
    };
    for (const spoil of [(run: string) => symlinkSync('/tmp', run), open]) {
      using place = home();
      spoil(join(place.path, 'run'));
      await using cluster = await place.start(PLAIN);
      const [reason = ''] = cluster.events.flatMap(event => (event.type === 'control-unavailable' ? [event.reason] : []));
      assert.match(reason, /symbolic link|open to others/);
      assert.equal((await ask(cluster.port)).status, 200);
    }
  });

  test('a path that is too long for a socket costs the control, not the cluster', async () => {
    using folder = emptyFolder();
    const deep = join(folder.path, 'x'.repeat(90));
    mkdirSync(deep, { mode: 0o700 });
    await using cluster = await spawnCluster(PLAIN, { env: { APP_CLUSTER_HOME: deep, APP_CLUSTER_LOG_FILES: 'false' } });
    assert.equal((await ask(cluster.port)).status, 200);
    assert.match(cluster.output(), /more than 103 bytes/);
  });

  test('a broken entry, a vanished folder: written again, or done without', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    writeFileSync(join(place.path, 'run', 'web.json'), '{"name":"we');
    const client = await connect(place.socket('web'));
    await client.reload();
    assert.equal((JSON.parse(readFileSync(join(place.path, 'run', 'web.json'), 'utf8')) as { name: string }).name, 'web');
    assert.equal((await ask(cluster.port)).status, 200);
  });
});

suite('the OpenAPI document', () => {
  test('has every verb, and the answers are what it says', async () => {
    using place = home(true);
    await using _cluster = await place.start(PLAIN);
    const document = JSON.parse((await send(place.socket('web'), 'GET', '/openapi.json')).text) as { paths: Record<string, Record<string, object>> };
    for (const { method, path } of Object.values(VERBS)) assert.ok(document.paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()], path);
    const { verbs } = await connect(place.socket('web'));
    const calls: readonly (readonly [keyof typeof resultSchemas, () => Promise<unknown>])[] = [
      ['status', () => verbs.status({})],
      ['heartbeat', () => verbs.heartbeat({})],
      ['ports', () => verbs.ports({})],
      ['reload', () => verbs.reload({})],
      ['scale', () => verbs.scale({ workers: 1 })],
      ['restart', () => verbs.restart({})],
      ['why', () => verbs.why({})],
      ['kill', () => verbs.kill({ worker: 'agent' }).catch(() => ({ pid: 1 }))],
      ['reopenLogs', () => verbs.reopenLogs({})],
      ['flushLogs', () => verbs.flushLogs({})],
      ['stop', () => verbs.stop({})],
    ];
    for (const [verb, call] of calls) resultSchemas[verb].parse(await call());
  });
});

suite('bad input', { concurrency: 2 }, () => {
  test('nothing that is sent ends or blocks a master', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN);
    const socket = place.socket('web');
    const wrong: readonly (readonly [Promise<Raw>, number, string])[] = [
      [send(socket, 'POST', '/api/scale', '{"workers":'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', '[]'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', 'null'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', '{"workers":"3"}'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', '{"workers":1e9}'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', '{"workers":2,"__proto__":{"x":1},"more":1}'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', Buffer.from([0xff, 0xfe, 0])), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/scale', 'x'.repeat(2 ** 20 + 1)), 413, 'ERR_TOO_LARGE'],
      [send(socket, 'POST', '/api/kill', '{"worker":"constructor"}'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'POST', '/api/constructor', '{}'), 404, 'ERR_UNKNOWN_VERB'],
      [send(socket, 'POST', '/api/__proto__', '{}'), 404, 'ERR_UNKNOWN_VERB'],
      [send(socket, 'DELETE', '/api/status'), 404, 'ERR_UNKNOWN_VERB'],
      [send(socket, 'POST', '/api/status'), 404, 'ERR_UNKNOWN_VERB'],
      [send(socket, 'GET', '/api/events?last=-1'), 400, 'ERR_INVALID_ARGUMENTS'],
      [send(socket, 'GET', '/api/logs'), 400, 'ERR_NOT_SUPPORTED'],
      [send(socket, 'POST', '/api/ports/1/kill', '{}'), 400, 'ERR_UNKNOWN_NAME'],
      [send(socket, 'POST', '/api/ports/x/kill', '{}'), 400, 'ERR_INVALID_ARGUMENTS'],
    ];
    for (const [answer, status, code] of wrong) {
      const got = await answer;
      assert.ok(got.status === status || code === 'ERR_UNKNOWN_NAME', `${got.status} ${got.text}`);
      assert.equal(codeOf(got), code, got.text);
    }
    assert.equal(({} as { x?: number }).x, undefined);
    assert.equal((await ask(cluster.port)).status, 200);
  });

  test('whatever JSON comes as arguments, the answer is an error or the result', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN, { workers: 1 });
    const allowed = [200, 400, 404, 413];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('scale', 'kill', 'logs/flush', 'logs/reopen'), fc.jsonValue(), async (verb, body) => {
        if (verb === 'scale' && (body as { workers?: unknown } | null)?.workers !== undefined) return;
        const { status } = await send(place.socket('web'), 'POST', `/api/${verb}`, JSON.stringify(body));
        assert.ok(allowed.includes(status), String(status));
      }),
      { numRuns: 60 },
    );
  });

  test('1,000 idle clients: the master answers others, and lets the idle go', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN, { workers: 1 });
    const idle = Array.from({ length: 1_000 }, () => dial(place.socket('web')).on('error', () => {}));
    await Promise.all(idle.map(socket => new Promise(resolve => socket.once('connect', resolve).once('close', resolve))));
    assert.equal((await send(place.socket('web'), 'GET', '/readyz')).text, 'ready\n');
    assert.equal((await ask(cluster.port)).status, 200);
    for (const socket of idle) socket.destroy();
  });

  test('a HEAD on a stream opens none', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN, { workers: 1 });
    for (let n = 0; n < 70; n++) assert.equal((await send(place.socket('web'), 'HEAD', '/api/events?follow=true')).status, 200);
    assert.equal((await send(place.socket('web'), 'GET', '/api/events?last=1')).status, 200);
  });

  test('garbage instead of HTTP is cut off', async () => {
    using place = home();
    await using _cluster = await place.start(PLAIN, { workers: 1 });
    for (const garbage of ['\0\0\0\0', 'GET / HTTP/9.9\r\n\r\n', `GET / HTTP/1.1\r\n${'x: y\r\n'.repeat(20_000)}\r\n`]) {
      const socket = dial(place.socket('web')).on('error', () => {});
      socket.write(garbage);
      await new Promise(resolve => socket.once('close', resolve).resume());
    }
    assert.equal((await send(place.socket('web'), 'GET', '/healthz')).text, 'ok\n');
  });
});

suite('on TCP', () => {
  const over = (port: number, path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<number>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, response => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      asked.once('error', reject);
      asked.end();
    });

  test('a token for each role, no other host, no other origin; probes need none', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN, { args: ['--admin', '0'] });
    const [address = '', port = ''] = /control API on (http:\/\/127\.0\.0\.1:(\d+))/.exec(cluster.output()) ?? (await adminLine(cluster)).slice(0, 3);
    const admin = Number(/:(\d+)$/.exec(address)?.[1] ?? port);
    const file = join(place.path, 'run', 'web.token');
    assert.equal(lstatSync(file).mode & 0o777, 0o600);
    const token = (role: string) => new RegExp(`^${role} ([0-9a-f]{64})$`, 'm').exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    const as = (role: string) => ({ Authorization: `Bearer ${token(role)}` });
    assert.equal(await over(admin, '/healthz'), 200);
    assert.equal(await over(admin, '/readyz'), 200);
    assert.equal(await over(admin, '/metrics'), 401);
    assert.equal(await over(admin, '/api/status'), 401);
    assert.equal(await over(admin, '/api/status', { Authorization: `Bearer ${'0'.repeat(64)}` }), 401);
    assert.equal(await over(admin, '/api/status', as('read')), 200);
    assert.equal(await over(admin, '/api/reload', as('read'), 'POST'), 403);
    assert.equal(await over(admin, '/api/reload', as('operate'), 'POST'), 200);
    assert.equal(await over(admin, '/api/status', { ...as('operate'), Host: 'evil.example' }), 403);
    assert.equal(await over(admin, '/api/status', { ...as('operate'), Origin: 'http://evil.example' }), 403);
    const client = await connect(`http://127.0.0.1:${admin}`, { token: token('operate') });
    assert.equal((await client.status()).name, 'web');
    await assert.rejects(connect(`http://127.0.0.1:${admin}`), (error: ClusterError) => error.code === 'ERR_UNAUTHORIZED');
    await cluster.stop();
    assert.ok(!existsSync(file));
  });
});

/** The line comes a moment after the start. */
async function adminLine(cluster: Awaited<ReturnType<typeof spawnCluster>>): Promise<readonly string[]> {
  const { address } = await cluster.waitFor('admin-listening');
  return [address];
}

suite('what is left behind', () => {
  test('cleanup ends the workers and loggers of a killed master, and nobody else', async () => {
    using place = home(true);
    await using cluster = await place.start(fixture('apps/ignores-sigterm.js'), { args: ['--no-keeper'] });
    await using other = await place.start(PLAIN, { args: ['--name', 'other'] });
    const workers = cluster.workers();
    for (const pid of workers) process.kill(pid, 'SIGSTOP'); // So that they cannot leave by themselves.
    cluster.kill(cluster.pid);
    await cluster.exited;
    const { code, stdout } = await place.run('cleanup', '--json');
    const report = JSON.parse(stdout) as { ended: { pid: number }[]; removed: string[] };
    assert.equal(code, 0, stdout);
    for (const pid of workers) assert.ok(report.ended.some(({ pid: ended }) => ended === pid));
    await gone(workers);
    assert.ok(report.removed.some(path => path.endsWith('web.json')));
    assert.equal((await ask(other.port)).status, 200);
  });
});

suite('another user', { skip: process.getuid?.() === 0 ? false : 'not run: only root can be two users' }, () => {
  const NOBODY = 65_534;

  test('cannot list, connect, read or squat', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN, { workers: 1 });
    const as = (code: string) =>
      spawnSync(process.execPath, ['-e', code], { uid: NOBODY, gid: NOBODY, env: { ...place.env, HOME: '/' }, encoding: 'utf8', timeout: 20_000 });
    const attempts = [
      `require('fs').readdirSync(${JSON.stringify(join(place.path, 'run'))})`,
      `require('fs').readFileSync(${JSON.stringify(join(place.path, 'run', 'web.json'))})`,
      `require('fs').writeFileSync(${JSON.stringify(join(place.path, 'run', 'mine.json'))}, '{}')`,
      `require('net').connect(${JSON.stringify(place.socket('web'))})`,
      `process.kill(${cluster.pid}, 'SIGTERM')`,
    ];
    for (const attempt of attempts) {
      const { status, stderr } = as(attempt);
      assert.notEqual(status, 0, attempt);
      assert.match(stderr, /EACCES|EPERM/, attempt);
    }
    assert.equal((await ask(cluster.port)).status, 200);
  });

  test('cannot make us believe a folder of theirs: nothing in it is signalled', async () => {
    using folder = emptyFolder();
    const run = join(folder.path, 'run');
    mkdirSync(run, { mode: 0o700 });
    const victim = spawn('sleep', ['30']);
    await using _end = { [Symbol.asyncDispose]: async () => void victim.kill() };
    const identity = identityOf(victim.pid ?? 0);
    const forged = {
      name: 'x',
      kind: 'run',
      ...identity,
      socket: '/none',
      mark: 'x',
      baseDir: '/',
      isRecorded: false,
      stopMs: 1_000,
      status: 'running',
      startedAt: 1,
      version: '1',
    };
    writeFileSync(join(run, 'x.json'), JSON.stringify(forged));
    chownSync(run, NOBODY, NOBODY);
    const doctor = await runCommand(['doctor'], { env: { APP_CLUSTER_HOME: folder.path } });
    assert.match(doctor.stdout, /belongs to user 65534[\s\S]*disk|disk[\s\S]*belongs to user 65534/);
    for (const args of [['ls'], ['stop', '--all', '--force'], ['ports'], ['cleanup']]) {
      const { code, stderr } = await runCommand(args, { env: { APP_CLUSTER_HOME: folder.path } });
      assert.equal(code, 69, `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, /belongs to user 65534/);
    }
    assert.equal(victim.exitCode, null);
  });

  test('--user and --group: workers are that user, the master is not', async () => {
    using place = home();
    await using cluster = await place.start(PLAIN, { workers: 1, args: ['--user', 'nobody'] });
    const [worker = 0] = cluster.workers();
    assert.equal(lstatSync(`/proc/${worker}`).uid, NOBODY);
    assert.equal(lstatSync(`/proc/${cluster.pid}`).uid, 0);
    assert.equal((await ask(cluster.port)).status, 200);
    for (const [args, said] of [
      [['--user', 'no-such-user'], /there is no user "no-such-user"/],
      [['--group', 'nogroup'], /--group needs --user/],
    ] as const) {
      const { code, stderr } = await place.run('start', PLAIN, ...args);
      assert.equal(code, 78);
      assert.match(stderr, said);
    }
  });
});
