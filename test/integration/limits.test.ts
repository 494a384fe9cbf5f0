import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { connect } from '../../lib/index.js';
import type { ClusterEvent } from '../../lib/protocol/events.js';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { startLoad } from '../support/client.js';
import { runCommand } from '../support/command.js';
import { launchEgg } from '../support/egg.js';
import { fixture } from '../support/fixtures.js';
import { home } from '../support/home.js';

/** The most that were being replaced at a time: from the fact that one is worn out to its end. */
function mostAtATime(events: readonly ClusterEvent[]): number {
  const leaving = new Set<number>();
  let most = 0;
  for (const event of events) {
    if (event.type === 'child-worn') leaving.add(event.id);
    if (event.type === 'child-left') leaving.delete(event.id);
    most = Math.max(most, leaving.size);
  }
  return most;
}

/** Both kinds of connections, until both first workers are gone; then what came of it. */
async function recycle(cluster: SpawnedCluster, path = '/') {
  const loads = [startLoad(cluster.port, { clients: 2, path }), startLoad(cluster.port, { clients: 2, keepAlive: true, path })];
  const first = new Set(cluster.workers());
  while (first.size > 0) first.delete((await cluster.waitFor('child-left', ({ pid }) => first.has(pid))).pid);
  const results = await Promise.all(loads.map(load => load.end()));
  assert.deepEqual(
    results.flatMap(({ failed }) => failed),
    [],
  );
  assert.ok(results.every(({ served }) => served > 0));
  assert.equal(mostAtATime(cluster.events), 1, 'one at a time');
  return cluster.events.flatMap(event => (event.type === 'child-worn' ? [event] : []));
}

suite('limits', { concurrency: 2 }, () => {
  test('by requests: all are replaced, newcomer first, and no request is lost', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'), { args: ['--max-requests', '60'] });
    const worn = await recycle(cluster, '/?ms=2');
    assert.ok(worn.every(({ by, value, limit, threshold }) => by === 'requests' && limit === 60 && threshold >= 54 && value >= threshold));
    const [first] = worn;
    assert.ok((first?.value ?? 0) < 60 + 10, `the first is not late: ${first?.value}`);
    const failures = cluster.events.filter(event => event.type === 'backing-off' || (event.type === 'child-left' && event.failed));
    assert.deepEqual(failures, []);
    assert.ok(cluster.events.every(event => event.type !== 'child-forked' || event.generation === 1));
  });

  test('by age', async () => {
    await using cluster = await spawnCluster(fixture('apps/slow.js'), { args: ['--max-age', '1500ms'] });
    const worn = await recycle(cluster, '/?ms=2');
    assert.ok(worn.every(({ by, value, threshold }) => by === 'age' && value >= threshold && threshold >= 1_350));
  });

  test('by memory; status says why the one before is gone, and it was no restart', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/leaks.js'), { args: ['--max-memory', '160M'] });
    const worn = await recycle(cluster);
    assert.ok(worn.every(({ by, value, limit, threshold }) => by === 'memory' && limit === 160 * 2 ** 20 && value > threshold));
    const client = await connect(place.socket('web'));
    for (const { lastExit, restarts } of (await client.status()).workers) {
      assert.match(lastExit?.reason ?? '', /^replaced: [\d.]+ [MG]iB of at most 160 MiB$/);
      assert.equal(restarts, 0);
    }
  });

  test('a share of nothing, or of more than there is, is refused by its name', async () => {
    for (const [value, message] of [
      ['150%', /--max-memory: 150% is more than there is/],
      ['0%', /--max-memory: 0% is nothing/],
    ] as const) {
      const { code, stderr } = await runCommand(['start', fixture('apps/plain.js'), '--max-memory', value]);
      assert.equal(code, 64);
      assert.match(stderr, message);
    }
  });

  test('threads: memory is refused, requests are counted', async () => {
    const threads = { baseDir: fixture('eggs/threads'), startMode: 'worker_threads' };
    await using refused = await launchEgg({ options: { ...threads, maxMemory: '512M' } });
    await refused.exited;
    assert.match(refused.output(), /--max-memory: cannot be combined with startMode "worker_threads"/);
    await using cluster = await launchEgg({ options: { ...threads, maxRequests: 20 } });
    await cluster.waitFor('cluster-started');
    const load = startLoad(cluster.port, { clients: 2 });
    const { by, pid } = await cluster.waitFor('child-worn');
    const left = await cluster.waitFor('child-left', event => event.pid === pid);
    await load.end();
    assert.deepEqual([by, left.failed], ['requests', false]);
  });
});
