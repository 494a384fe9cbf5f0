import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { descendantsOf, isAlive } from '../../lib/system/process-tree.js';
import { launchCluster, type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf, keepAliveAgent, startLoad } from '../support/client.js';
import { launchEgg } from '../support/egg.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { nextAct } from '../support/next-act.js';

const pidsOf = (cluster: SpawnedCluster): number[] => cluster.events.flatMap(event => (event.type === 'child-forked' ? [event.pid] : []));

const childrenOf = (pid: number): number[] => descendantsOf(pid).map(child => child.pid);

function assertNothingLeft(cluster: SpawnedCluster): void {
  assert.deepEqual(pidsOf(cluster).filter(isAlive), []);
}

suite('stop', { concurrency: 2 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    test(`${signal}: requests in flight finish, then everything ends, exit 0`, async () => {
      await using cluster = await spawnCluster(fixture('apps/slow.js'));
      const answers = [ask(cluster.port, '/?ms=700'), ask(cluster.port, '/stream?ms=700')];
      await ask(cluster.port); // They were accepted before this one.
      cluster.kill(cluster.pid, signal);
      assert.deepEqual(await cluster.exited, { code: 0, signal: null });
      for (const { status, body } of await Promise.all(answers)) assert.match(`${status} ${body}`, /^200 (begin )?done \d+$/);
      assertNothingLeft(cluster);
    });
  }

  test('under load nobody who was accepted is cut: failures are refusals, and the few resets of the last queue', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const load = startLoad(cluster.port, { clients: 4, path: '/?ms=20' });
    await ask(cluster.port, '/?ms=300');
    await cluster.stop();
    const { served, failed } = await load.end();
    assert.ok(served > 10);
    assert.deepEqual(
      [...new Set(failed)].filter(reason => reason !== 'ECONNREFUSED' && reason !== 'ECONNRESET'),
      [],
    );
    assert.ok(failed.filter(reason => reason === 'ECONNRESET').length <= 4, failed.filter(reason => reason !== 'ECONNREFUSED').join(' '));
  });

  test('a signal to the whole group, as Ctrl-C is, drains just the same', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const answer = ask(cluster.port, '/?ms=500');
    await ask(cluster.port);
    for (const pid of [...cluster.workers(), cluster.pid]) cluster.kill(pid, 'SIGINT');
    assert.equal((await cluster.exited).code, 0);
    assert.match((await answer).body, /^done/);
  });

  test('SIGTERM to the whole group too: a worker that is told by others drains first', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const answer = ask(cluster.port, '/?ms=500');
    await ask(cluster.port);
    for (const pid of [...cluster.workers(), cluster.pid]) cluster.kill(pid, 'SIGTERM');
    assert.equal((await cluster.exited).code, 0);
    assert.match((await answer).body, /^done/);
  });

  test('a kept-alive connection is told that it ends', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    using agent = keepAliveAgent();
    const target = { host: '127.0.0.1', port: cluster.port, agent };
    assert.equal((await ask(target)).connection, 'keep-alive');
    const answer = ask(target, '/?ms=400');
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGTERM');
    assert.equal((await answer).connection, 'close');
  });

  test('a way out of its own is given the time it needs, and its server.close() is told no error', async () => {
    await using cluster = await spawnCluster(fixture('apps/closes-slowly.js'), { env: { CLOSE_MS: '600' } });
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    assert.equal(cluster.output().match(/closed \d+ cleanly/g)?.length, 2);
  });

  test('a worker that ignores SIGTERM is killed within the budget, and the report says so', async () => {
    await using cluster = await spawnCluster(fixture('apps/ignores-sigterm.js'), { args: ['--stop-timeout', '1s'] });
    const pids = cluster.workers();
    assert.equal((await cluster.stop()).code, 0);
    const report = cluster.events.find(event => event.type === 'cluster-stopped');
    assert.deepEqual(report?.forced.toSorted(), pids.toSorted());
    assert.ok((report?.tookMs ?? 0) < 3_000);
    assertNothingLeft(cluster);
  });

  test('a worker that spins is killed as well', async () => {
    await using cluster = await spawnCluster(fixture('apps/mortal.js'), { args: ['--stop-timeout', '1s'] });
    await ask(cluster.port, '/spin');
    assert.equal((await cluster.stop()).code, 0);
    assertNothingLeft(cluster);
  });

  test('grandchildren do not survive, not even those that ignore SIGTERM', async () => {
    await using cluster = await spawnCluster(fixture('apps/spawns-child.js'), { args: ['--stop-timeout', '1s'] });
    const grandchildren = new Set<number>();
    while (grandchildren.size < 2) grandchildren.add(Number(await bodyOf(cluster.port)));
    await cluster.stop();
    assert.deepEqual([...grandchildren].filter(isAlive), []);
  });

  test('nor do those whose environment was replaced', async () => {
    await using cluster = await spawnCluster(fixture('apps/spawns-bare-child.js'));
    const grandchildren = new Set<number>();
    while (grandchildren.size < 2) grandchildren.add(Number(await bodyOf(cluster.port)));
    await cluster.stop();
    assert.deepEqual([...grandchildren].filter(isAlive), []);
  });

  test('a second signal leaves two seconds', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const answer = ask(cluster.port, '/?ms=14000').catch((error: Error) => error.message);
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('cluster-stopping');
    await nextAct();
    cluster.kill(cluster.pid, 'SIGTERM');
    const { tookMs } = await cluster.waitFor('cluster-stopped');
    assert.ok(tookMs >= 1_900 && tookMs < 5_000, `${tookMs} ms`);
    assert.match(String(await answer), /hang up|RESET/);
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
  });

  test('signals that come together are one: a Ctrl-C reaches the terminal group, and the tool above passes its own on', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'));
    const answer = ask(cluster.port, '/?ms=2600');
    await ask(cluster.port);
    for (const signal of ['SIGINT', 'SIGINT', 'SIGTERM'] as const) cluster.kill(cluster.pid, signal);
    assert.deepEqual(await cluster.exited, { code: 0, signal: null });
    assert.equal((await answer).status, 200);
    assert.ok(!cluster.events.some(({ type }) => type === 'cluster-stop-hurried'));
  });

  test('a third signal leaves none', async () => {
    await using cluster = await spawnCluster(fixture('apps/ignores-sigterm.js'));
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('cluster-stopping');
    await nextAct();
    cluster.kill(cluster.pid, 'SIGTERM');
    await cluster.waitFor('cluster-stop-hurried');
    await nextAct();
    cluster.kill(cluster.pid, 'SIGINT');
    const { tookMs } = await cluster.waitFor('cluster-stopped');
    assert.ok(tookMs < 1_500, `${tookMs} ms`);
    assertNothingLeft(cluster);
  });

  test('a stop while starting ends the start, exit 0', async () => {
    await using cluster = await launchCluster(fixture('apps/demo'));
    await cluster.waitFor('child-forked');
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    assertNothingLeft(cluster);
    assert.ok(!cluster.events.some(({ type }) => type === 'cluster-started' || type === 'cluster-start-failed'));
  });

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`app workers that wait for an agent which never comes do not outlive the master (${signal})`, async () => {
      await using cluster = await launchEgg({ options: { baseDir: fixture('eggs/agent-never-ready') } });
      const { pid } = await cluster.waitFor('child-forked');
      while (childrenOf(cluster.pid).length < 3) await new Promise(setImmediate);
      const family = childrenOf(cluster.pid);
      assert.ok(family.includes(pid));
      cluster.kill(cluster.pid, signal);
      await cluster.exited;
      await gone(family);
    });
  }

  test('a stop is idempotent for whoever asks', async () => {
    await using cluster = await spawnCluster(fixture('apps/demo'));
    await Promise.all([cluster.stop(), cluster.stop()]);
    assertNothingLeft(cluster);
  });
});
