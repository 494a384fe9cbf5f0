import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { IMPATIENCE_MS } from '../../lib/instance/signals.js';
import { isAlive } from '../../lib/system/process-tree.js';
import { spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { COMMAND, fixture } from '../support/fixtures.js';
import { home } from '../support/home.js';
import { nextAct } from '../support/next-act.js';

const SLOW = fixture('apps/slow.js');
const hasScript = spawnSync('script', ['--version'], { stdio: 'ignore' }).status === 0;

suite('lame duck', { concurrency: 2 }, () => {
  test('readiness says no at every door while everything is served; then it drains', async () => {
    using place = home();
    await using cluster = await place.start(SLOW, { args: ['--lame-duck', '1s', '--admin', '0'] });
    const { address } = cluster.events.find(event => event.type === 'admin-listening') ?? (await cluster.waitFor('admin-listening'));
    const adminPort = Number(new URL(address).port);
    const readiness = async () => [(await ask({ socketPath: place.socket('web') }, '/readyz')).status, (await ask(adminPort, '/readyz')).status];
    assert.deepEqual(await readiness(), [200, 200]);
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('lame-duck-began');
    assert.deepEqual(await readiness(), [503, 503]);
    assert.equal((await ask({ socketPath: place.socket('web') }, '/healthz')).status, 200);
    assert.equal(JSON.parse(readFileSync(join(place.path, 'run', 'web.json'), 'utf8')).status, 'stopping');
    assert.equal((await ask(cluster.port)).status, 200, 'a newcomer is served');
    const { tookMs } = await cluster.waitFor('cluster-stopped');
    assert.ok(tookMs >= 1_000, `${tookMs} ms`);
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
  });

  test('a worker that dies meanwhile is replaced', async () => {
    await using cluster = await spawnCluster(SLOW, { args: ['--lame-duck', '60s'], workers: 1 });
    const [victim = 0] = cluster.workers();
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('lame-duck-began');
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid !== victim);
    assert.equal((await ask(cluster.port)).status, 200);
    await nextAct();
    cluster.kill(cluster.pid, 'SIGTERM');
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
  });

  test('the second signal ends it at once, and leaves two seconds', async () => {
    await using cluster = await spawnCluster(SLOW, { args: ['--lame-duck', '60s'] });
    const answer = ask(cluster.port, '/?ms=600');
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('lame-duck-began');
    await nextAct();
    cluster.kill(cluster.pid, 'SIGTERM');
    const { tookMs } = await cluster.waitFor('cluster-stopped');
    assert.ok(tookMs < IMPATIENCE_MS + 1_500, `${tookMs} ms`);
    assert.match((await answer).body, /^done/);
  });

  test('stop --force skips it, also while it is under way; the entry says how long a stop may take', async () => {
    using place = home();
    await using cluster = await place.start(SLOW, { args: ['--lame-duck', '60s', '--stop-timeout', '20s'] });
    assert.equal(JSON.parse(readFileSync(join(place.path, 'run', 'web.json'), 'utf8')).stopMs, 80_000);
    const stopping = place.run('stop', 'web');
    await cluster.waitFor('lame-duck-began');
    const forced = await place.run('stop', 'web', '--force');
    assert.equal(forced.code, 0, forced.stderr);
    assert.equal((await stopping).code, 0);
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });

    await using next = await place.start(SLOW, { args: ['--lame-duck', '60s'] });
    assert.equal((await place.run('stop', 'web', '--force')).code, 0);
    assert.deepEqual(await next.exited, { code: 0, signal: null });
    assert.ok(!next.events.some(({ type }) => type === 'lame-duck-began'));
  });
});

suite('what is told of a stop', { concurrency: 2 }, () => {
  test('once a second what is still under way, in the log too', async () => {
    await using cluster = await spawnCluster(SLOW);
    const answers = [ask(cluster.port, '/?ms=2600'), ask(cluster.port, '/?ms=2600')];
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGTERM');
    const { requests, sockets, leftMs } = await cluster.waitFor('cluster-draining');
    assert.deepEqual([requests, sockets], [2, 2]);
    assert.ok(leftMs > 25_000 && leftMs <= 29_100, `${leftMs} ms`);
    await cluster.exited;
    assert.equal((await Promise.all(answers)).filter(({ status }) => status === 200).length, 2);
    assert.match(cluster.output(), /draining: 2 requests, 2 sockets, 2\d\.\d s left/);
    assert.ok(cluster.events.filter(({ type }) => type === 'cluster-draining').length <= 3);
  });

  test('nothing when nothing is under way, however long it takes', async () => {
    await using cluster = await spawnCluster(fixture('apps/closes-slowly.js'), { env: { CLOSE_MS: '1300' } });
    await cluster.stop();
    assert.ok(!cluster.events.some(({ type }) => type === 'cluster-draining'));
  });

  test('the terminal that asks for the stop sees it as well', { skip: hasScript ? false : 'script is not installed' }, async () => {
    using place = home();
    await using cluster = await place.start(SLOW);
    const answer = ask(cluster.port, '/?ms=14000').catch((error: Error) => error.message);
    await ask(cluster.port);
    const child = spawn('script', ['-qec', `'${process.execPath}' '${COMMAND}' stop web`, '/dev/null'], {
      env: { ...process.env, ...place.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise(resolve => child.once('close', resolve));
    let seen = '';
    await new Promise<void>(resolve => {
      child.once('close', () => resolve());
      child.stdout.setEncoding('utf8').on('data', text => {
        seen += text;
        if (seen.includes('draining')) resolve();
      });
    });
    await place.run('stop', 'web', '--force');
    await Promise.all([ended, answer]);
    assert.match(seen, /draining: 1 request, 1 socket, \d+\.\d s left/);
    assert.match(seen, /web stopped in \d+ m?s, had to be killed: app_worker#\d/);
  });

  test('who had to be killed has a name: workers, and what they left behind', async () => {
    await using cluster = await spawnCluster(fixture('apps/ignores-sigterm.js'), { args: ['--stop-timeout', '1s'], workers: 1 });
    const [pid = 0] = cluster.workers();
    await cluster.stop();
    const report = cluster.events.find(event => event.type === 'cluster-stopped');
    assert.deepEqual([report?.forced, report?.survived, report?.names], [[pid], [], { [pid]: 'app_worker#1' }]);
    assert.match(cluster.output(), new RegExp(`had to be killed: app_worker#1:${pid}`));
  });

  test('a grandchild in a session of its own that ignores SIGTERM is gone, and named', async () => {
    await using cluster = await spawnCluster(fixture('apps/spawns-session.js'), { args: ['--stop-timeout', '1s'], workers: 1 });
    const grandchild = Number(await bodyOf(cluster.port));
    await cluster.stop();
    assert.equal(isAlive(grandchild), false);
    const report = cluster.events.find(event => event.type === 'cluster-stopped');
    assert.ok(report?.forced.includes(grandchild), JSON.stringify(report));
    assert.match(report?.names?.[grandchild] ?? '', /node|MainThread/);
  });

  test('SIGQUIT with --quit fast waits for nobody', async () => {
    await using cluster = await spawnCluster(SLOW, { args: ['--quit', 'fast', '--lame-duck', '60s'] });
    const answer = ask(cluster.port, '/?ms=14000').catch((error: Error) => error.message);
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGQUIT');
    const { tookMs, forced } = await cluster.waitFor('cluster-stopped');
    assert.ok(tookMs < 1_500, `${tookMs} ms`);
    assert.equal(forced.length, 2);
    assert.match(String(await answer), /hang up|RESET/);
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
  });
});

suite('the size by signals', { concurrency: 2 }, () => {
  test('TTIN adds a worker, TTOU takes one away, and never the last', async () => {
    await using cluster = await spawnCluster(SLOW, { workers: 1 });
    cluster.kill(cluster.pid, 'SIGTTIN');
    assert.equal((await cluster.waitFor('cluster-resized')).workers, 2);
    assert.equal(cluster.workers().length, 2);
    for (const signal of ['SIGTTOU', 'SIGWINCH'] as const) cluster.kill(cluster.pid, signal);
    assert.equal((await cluster.waitFor('cluster-resized')).workers, 1);
    cluster.kill(cluster.pid, 'SIGTTOU');
    assert.equal((await cluster.waitFor('cluster-resized')).workers, 1);
    assert.equal((await ask(cluster.port)).status, 200);
  });
});
