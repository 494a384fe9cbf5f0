import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { launchCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { spawnEgg } from '../support/egg.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { home } from '../support/home.js';

const LATER = fixture('apps/ready-later.js');
const FLAGS = ['--ready-path', '/ready'];

suite('the readiness path', { concurrency: 2 }, () => {
  test("a worker that listens counts as started when it says so itself; until then it serves, and its questions are nobody's requests", async () => {
    using folder = emptyFolder();
    using place = home();
    const READY = join(folder.path, 'ready');
    await using cluster = await launchCluster(LATER, { args: [...FLAGS, '--name', 'web'], workers: 1, env: { ...place.env, READY } });
    const { pid } = await cluster.waitFor('child-listening');
    assert.equal((await ask(cluster.port, '/ready')).status, 503);
    assert.equal((await ask(cluster.port, '/ready')).status, 503);
    assert.deepEqual(cluster.workers(), []);
    writeFileSync(READY, '');
    await cluster.waitFor('cluster-started');
    assert.deepEqual(cluster.workers(), [pid]);
    const { losses } = JSON.parse((await place.run('status', 'web', '--json')).stdout);
    assert.deepEqual([losses.accepted, losses.served], [2, 2]);
  });

  test('a reload: the predecessor stays until its newcomer answers', async () => {
    using folder = emptyFolder();
    const READY = join(folder.path, 'ready');
    writeFileSync(READY, '');
    await using cluster = await spawnCluster(LATER, { args: FLAGS, workers: 1, env: { READY } });
    const old = cluster.workers();
    rmSync(READY);
    cluster.kill(cluster.pid, 'SIGHUP');
    const { pid } = await cluster.waitFor('child-listening');
    assert.ok(!old.includes(pid));
    assert.equal((await ask(cluster.port, '/ready')).status, 503);
    assert.deepEqual(cluster.workers(), old);
    writeFileSync(READY, '');
    await cluster.waitFor('cluster-reloaded');
    assert.deepEqual(cluster.workers(), [pid]);
  });

  test('a start that takes too long says what was answered last', async () => {
    await using cluster = await launchCluster(LATER, { args: [...FLAGS, '--start-timeout', '4s'], workers: 1, env: { READY: '/nowhere' } });
    const { message } = await cluster.waitFor('cluster-start-failed');
    assert.match(message, /did not get ready within 4000 ms.*\/ready \(--ready-path\) should answer with 2xx\. The last answer: status 503/s);
    assert.equal((await cluster.exited).code, 1);
  });

  test('with --ready signal it takes both', async () => {
    using folder = emptyFolder();
    const READY = join(folder.path, 'ready');
    writeFileSync(READY, '');
    await using cluster = await launchCluster(fixture('apps/signals-when-asked.js'), { args: [...FLAGS, '--ready', 'signal'], workers: 1, env: { READY } });
    await cluster.waitFor('child-listening');
    assert.equal((await ask(cluster.port, '/ready')).status, 200);
    assert.deepEqual(cluster.workers(), []);
    await bodyOf(cluster.port, '/signal');
    await cluster.waitFor('cluster-started');
  });

  test('a spare answers when it has its place', async () => {
    using folder = emptyFolder();
    const READY = join(folder.path, 'ready');
    writeFileSync(READY, '');
    await using cluster = await spawnCluster(LATER, { args: [...FLAGS, '--spares', '1'], workers: 1, env: { READY } });
    const { pid: spare } = await cluster.waitFor('spare-booted');
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.equal(Number(await bodyOf(cluster.port)), spare);
  });

  test('a framework, plain and over TLS, as a process and as a thread', async () => {
    const https = { key: fixture('tls/key.pem'), cert: fixture('tls/cert.pem') };
    for (const more of [{}, { https }, { startMode: 'worker_threads' }]) {
      await using cluster = await spawnEgg({ workers: 1, options: { readyPath: '/', ...more } });
      assert.equal(cluster.workers().length, 1);
    }
  });

  test('what never listens cannot be asked', async () => {
    await using cluster = await launchCluster(LATER, { args: [...FLAGS, '--ready', 'online'] });
    assert.equal((await cluster.exited).code, 64);
    assert.match(cluster.output(), /--ready-path: cannot be combined with --ready online/);
  });
});
