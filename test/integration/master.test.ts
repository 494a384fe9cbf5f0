import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { suite, test } from 'node:test';
import { ClusterAgentWorkerError, ClusterWorkerExceptionError, Master, startCluster } from '../../lib/index.js';
import { spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { FRAMEWORK } from '../support/egg.js';
import { eventually } from '../support/eventually.js';
import { fixture, ROOT } from '../support/fixtures.js';

const require = createRequire(import.meta.url);

suite("egg-cluster's public surface", () => {
  test('a subclass of Master: its files, its handlers, its view of the workers, its messages', async () => {
    const options = { framework: FRAMEWORK, baseDir: fixture('eggs/records'), password: 'not in ps' };
    await using cluster = await spawnCluster(fixture('scripts/master.cjs'), {
      isScript: true,
      env: { NODE_ENV: 'production', OPTIONS: JSON.stringify(options) },
    });
    const lines = () => cluster.output().split('\n');
    assert.match(cluster.output(), /\[master\] a framework of our own/);
    assert.equal(lines().filter(line => line === 'own worker file not in ps').length, 2);
    await eventually(() => lines().filter(line => line.startsWith('APP')).length === 2); // Lines may come after what is said of them.
    assert.deepEqual(
      lines().filter(line => line.startsWith('APP')),
      ['APP true', 'APP true'],
    );
    assert.doesNotMatch(readFileSync(`/proc/${cluster.workers()[0]}/cmdline`, 'utf8'), /not in ps/);
    const say = (message: object) => ask(cluster.port, `/?send=${encodeURIComponent(JSON.stringify(message))}`);
    await say({ to: 'master', action: 'hello', data: 'you' });
    await say({ to: 'master', action: 'error', data: 'nobody listens to this' });
    await say({ to: 'master', action: 'app-exit', data: { workerId: cluster.workers()[0] } });
    cluster.send({ action: 'reload-worker', to: 'master' });
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitForMessage('app-worker-died');
    const seen = JSON.parse(await bodyOf(cluster.port));
    assert.equal(seen.options.added, 'by the subclass');
    assert.ok(seen.received.some(({ action, data }: { action: string; data: unknown }) => action === 'from-master' && data === 'hi'));
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    assert.match(cluster.stderr(), /onReload failed: a handler that fails/);
    const said = lines().filter(line => /^(HEARD|EXIT|RELOAD|SIGNAL|END|READY)/.test(line));
    assert.deepEqual(said.slice(0, 5), ['READY undefined true {"agent":1,"worker":2} started', 'HEARD you', 'RELOAD', 'EXIT SIGKILL', 'SIGNAL SIGTERM false']);
    assert.equal(said.at(-1), 'END 0 true');
  });

  test('close() before anything is forked: nothing is, and the process ends with 0; a signal in the first moment does the same', () => {
    const options = JSON.stringify({ framework: FRAMEWORK, baseDir: fixture('eggs/plain'), port: 7001, workers: 1 });
    for (const act of ['master.close()', "process.kill(process.pid, 'SIGTERM')"]) {
      const script = `
        const { Master } = require('app-cluster');
        class Own extends Master { async close() { console.log('CLOSED BY US'); await super.close(); } }
        const master = new Own(${options});
        ${act};`;
      const { status, stdout } = spawnSync(process.execPath, ['--input-type=commonjs', '-e', script], { cwd: ROOT, encoding: 'utf8', timeout: 20_000 });
      assert.equal(status, 0, stdout);
      assert.equal(stdout.match(/CLOSED BY US/g)?.length, 1);
      assert.doesNotMatch(stdout, /started on/);
    }
  });

  test('the constructor throws what startCluster rejects with: the very words of egg-cluster, advice as the cause', async () => {
    const options = { baseDir: fixture('eggs/plain'), framework: 'no-such-framework' };
    const text = `no-such-framework is not found in ${fixture('eggs/plain')}/node_modules,${process.cwd()}/node_modules`;
    assert.throws(() => new Master(options), { message: text });
    await assert.rejects(startCluster(options), { message: text });
    await assert.rejects(startCluster({ baseDir: '/no/such/folder' }), { message: '/no/such/folder/package.json should exist' });
    await assert.rejects(startCluster({ framework: '/no/such/framework' }), { message: '/no/such/framework should exist' });
    for (const [https, message] of [
      [{}, 'options.https.key should exists'],
      [{ key: fixture('tls/key.pem'), cert: '/nope' }, 'options.https.cert should exists'],
      [{ key: fixture('tls/key.pem'), cert: fixture('tls/cert.pem'), ca: '/nope' }, 'options.https.ca should exists'],
    ] as const) {
      await assert.rejects(startCluster({ framework: FRAMEWORK, https }), { message });
    }
  });

  test('errors and deep paths that others look for', () => {
    const error = new ClusterAgentWorkerError(1, 42, 'started', new Error('gone'));
    assert.deepEqual(
      [error.name, error.message, error.id, error.workerId, error.status],
      ['ClusterAgentWorkerError', 'Got agent worker error: gone', 1, 42, 'started'],
    );
    assert.deepEqual(new ClusterWorkerExceptionError(0, 2).count, { agent: 0, worker: 2 });
    assert.equal(require('app-cluster/lib/master'), require('app-cluster').Master);
    for (const path of ['lib/app_worker.js', 'lib/agent_worker', 'app_worker', 'agent_worker']) assert.ok(require.resolve(`app-cluster/${path}`));
  });
});
