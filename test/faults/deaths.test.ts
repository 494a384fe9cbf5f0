import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isAlive } from '../../lib/system/process-tree.js';
import { launchCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';

suite('deaths', { concurrency: 2 }, () => {
  for (const [path, code] of [
    ['/exit?code=0', 0],
    ['/exit?code=7', 7],
    ['/throw', 1],
  ] as const) {
    test(`a worker that leaves by ${path} is replaced`, async () => {
      await using cluster = await spawnCluster(fixture('apps/mortal.js'));
      const pid = Number(await bodyOf(cluster.port, path));
      const left = await cluster.waitFor('child-left', event => event.pid === pid);
      assert.deepEqual([left.exit.code, left.failed], [code, true]);
      await cluster.waitFor('child-started', event => event.slot === left.slot);
      assert.equal(cluster.workers().length, 2);
    });
  }

  test('a worker that cuts its channel is replaced, and still finishes what it has', async () => {
    await using cluster = await spawnCluster(fixture('apps/mortal.js'));
    const pid = Number(await bodyOf(cluster.port, '/disconnect'));
    const { slot } = await cluster.waitFor('child-left', event => event.pid === pid);
    await cluster.waitFor('child-moved', event => event.slot === slot && event.to === 'ready').catch(() => {});
    assert.equal(cluster.workers().length, 2);
  });

  test('slots are stable: a replacement has the index of the dead', async () => {
    await using cluster = await spawnCluster(fixture('apps/mortal.js'), { workers: 3 });
    const [, victim = 0] = cluster.workers();
    cluster.kill(victim);
    const { slot } = await cluster.waitFor('child-started');
    assert.equal(slot, 1);
  });

  test('kill -9 of the master: workers finish what they have and leave', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const workers = cluster.workers();
    const answer = ask(cluster.port, '/?ms=500');
    await ask(cluster.port);
    cluster.kill(cluster.pid);
    assert.match((await answer).body, /^done/);
    await gone(workers);
  });

  test('kill -9 of the master while its children are being born leaves no orphan', async () => {
    await using cluster = await launchCluster(fixture('apps/demo'));
    const { pid } = await cluster.waitFor('child-forked', event => event.role === 'agent');
    cluster.kill(cluster.pid);
    await cluster.exited;
    await gone([pid]);
  });

  test('a cluster that has lost its agent for good ends with 1 after three checks, ten seconds apart', async () => {
    await using cluster = await spawnCluster(fixture('apps/agent-gives-up'), { workers: 1, timeoutMs: 60_000, args: ['--no-keeper'] });
    await cluster.waitFor('cluster-lost');
    assert.equal((await cluster.exited).code, 1);
    assert.match(cluster.stderr(), /nodejs\.ClusterWorkerExceptionError: \[master\] 0 agent and 1 worker\(s\) alive, exit to avoid unknown state/);
  });

  test('an orphan that catches everything, with nobody reading its output, ends all the same', async () => {
    await using cluster = await launchCluster(fixture('apps/catches-everything.js'), { args: ['--stop-timeout', '100ms'] });
    await cluster.waitFor('cluster-started');
    const workers = cluster.workers();
    cluster.kill(cluster.pid);
    await cluster.exited;
    await gone(workers);
    assert.ok(cluster.output().length < 1_000_000);
  });

  test('a closed output does not feed on itself', async () => {
    await using cluster = await spawnCluster(fixture('apps/plain.js'));
    cluster.closeOutput();
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started');
    assert.equal((await ask(cluster.port)).status, 200);
    assert.equal((await cluster.stop()).code, 0);
  });

  test('the first start is final: a program that throws fails it at once, exit 1, with its error', async () => {
    const { code, stderr } = await runCommand(['start', fixture('apps/throws-at-start.js'), '--workers', '2']);
    assert.equal(code, 1);
    assert.match(stderr, /this application is broken/);
    assert.match(stderr, /exited with code 1 before it was ready/);
  });

  test('exit code 78 at the first start stays 78', async () => {
    assert.equal((await runCommand(['start', fixture('apps/exits-78.js')])).code, 78);
  });

  test('a program that never listens fails at the start limit, with its last output', async () => {
    const { code, stderr } = await runCommand([
      'start',
      fixture('apps/never-listens.js'),
      '--workers',
      '1',
      '--start-timeout',
      '1500ms',
      '--stop-timeout',
      '1s',
    ]);
    assert.equal(code, 1);
    assert.match(stderr, /did not get ready within 1500 ms/);
    assert.match(stderr, /waiting for a database that never comes/);
  });

  test('the agent of a plain program is replaced when it dies', async () => {
    await using cluster = await spawnCluster(fixture('apps/demo'));
    const agent = cluster.agent() ?? 0;
    assert.ok(isAlive(agent));
    cluster.kill(agent);
    const { pid } = await cluster.waitFor('child-started', event => event.role === 'agent');
    assert.equal(cluster.agent(), pid);
  });
});
