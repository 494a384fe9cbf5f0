import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import type { SpawnedCluster } from '../../lib/testing.js';
import { ask, bodyOf, startLoad } from '../support/client.js';
import { type EggOptions, launchEgg, spawnEgg } from '../support/egg.js';
import { fixture } from '../support/fixtures.js';

interface Seen {
  readonly threadId: number;
  readonly received: readonly { readonly action: string; readonly data: unknown }[];
  readonly port: number;
}

const inThreads = (options: Record<string, unknown> = {}, more: EggOptions = {}): EggOptions => ({
  ...more,
  options: { baseDir: fixture('eggs/threads'), startMode: 'worker_threads', ...options },
});
const seenBy = async ({ port }: SpawnedCluster, path = '/'): Promise<Seen> => JSON.parse(await bodyOf(port, path));

/** Asks until each of them has answered; the kernel chooses. */
async function askAll(cluster: SpawnedCluster, count: number): Promise<Set<number>> {
  const seen = new Set<number>();
  while (seen.size < count) seen.add((await seenBy(cluster)).threadId);
  return seen;
}

/** What that very thread was told. */
async function receivedBy(cluster: SpawnedCluster, threadId: number): Promise<Seen['received']> {
  for (;;) {
    const seen = await seenBy(cluster);
    if (seen.threadId === threadId) return seen.received;
  }
}

suite('startMode worker_threads', { concurrency: 2 }, () => {
  test('as many threads as asked for share one port, talk to their agent by thread id, and close in order', async () => {
    await using cluster = await spawnEgg(inThreads({}, { workers: 3 }));
    assert.deepEqual([...(await askAll(cluster, 3))].toSorted(), cluster.workers().toSorted());
    const { threadId } = await seenBy(cluster, '/ask');
    let answers: Seen['received'] = [];
    while (answers.length === 0) answers = (await receivedBy(cluster, threadId)).filter(({ action }) => action === 'answer');
    assert.deepEqual(answers[0]?.data, { agent: cluster.agent() });
    const received = await receivedBy(cluster, threadId);
    assert.deepEqual(received.find(({ action }) => action === 'egg-pids')?.data, [cluster.agent()]);
    assert.equal(received.filter(({ action }) => action === 'egg-ready').length, 1);
    const workers = cluster.workers();
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    const closed = [...cluster.output().matchAll(/closed (app|agent) (\d+)/g)].map(([, role, id]) => `${role} ${id}`);
    assert.deepEqual(closed.slice(0, 3).toSorted(), workers.map(id => `app ${id}`).toSorted());
    assert.equal(closed[3], `agent ${cluster.events.flatMap(event => (event.type === 'child-forked' && event.role === 'agent' ? [event.pid] : []))[0]}`);
  });

  test('an error that nobody caught ends its thread and no other: it is replaced, and nobody is refused meanwhile', async () => {
    await using cluster = await spawnEgg(inThreads());
    const load = startLoad(cluster.port, { clients: 4 });
    const { threadId } = await seenBy(cluster, '/throw');
    const left = await cluster.waitFor('child-left');
    assert.deepEqual([left.pid, left.exit.code, left.failed], [threadId, 1, true]);
    await cluster.waitFor('child-started', ({ slot }) => slot === left.slot);
    const { served, failed } = await load.end();
    assert.ok(served > 0);
    assert.ok(failed.length <= 4 && failed.every(reason => /RESET|hang up/.test(reason)), `only what the thread was executing: ${failed}`);
    assert.match(cluster.stderr(), /AppWorkerError: \[master\] app_worker#\d+:\d+ got error: an app had enough/);
    assert.match(cluster.stderr(), /AppWorkerDiedError: \[master\] app_worker#\d+:\d+ died \(code: 1, signal: null/);
    await cluster.waitForMessage('app-worker-died');
  });

  test('all threads at once: clients wait in the queue, none is refused', async () => {
    await using cluster = await spawnEgg(inThreads());
    for (let left = 2; left > 0; left--) {
      await seenBy(cluster, '/exit');
      await cluster.waitFor('child-left'); // A connection that the dying thread has accepted is lost with it.
    }
    assert.deepEqual(cluster.workers(), []);
    assert.equal((await ask(cluster.port)).status, 200);
  });

  test('an error of the agent ends the agent alone; a new one comes, and the apps hear of it', async () => {
    await using cluster = await spawnEgg(inThreads());
    const first = cluster.agent();
    await seenBy(cluster, '/kill-agent');
    await cluster.waitForMessage('agent-worker-died');
    const { pid } = await cluster.waitFor('child-started', ({ role, isFirst }) => role === 'agent' && !isFirst);
    assert.notEqual(pid, first);
    assert.match(cluster.stderr(), /AgentWorkerError: \[master\] agent_worker#1:\d+ got error: the agent had enough/);
    let pids: unknown[] = [];
    for (let asked = 0; pids.length < 3 && asked < 100; asked++) {
      const { received } = await seenBy(cluster); // The news may be on its way.
      pids = received.filter(({ action }) => action === 'egg-pids').map(({ data }) => data);
    }
    assert.deepEqual(pids, [[first], [], [pid]]);
  });

  test('a thread that loops for ever is ended with the others', async () => {
    await using cluster = await spawnEgg(inThreads({}, { env: { EGG_APP_CLOSE_TIMEOUT: '500' } }));
    await seenBy(cluster, '/loop');
    assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
  });

  test('a reload loses no request', async () => {
    await using cluster = await spawnEgg(inThreads());
    const before = cluster.workers();
    const load = startLoad(cluster.port, { clients: 4, keepAlive: true });
    await ask(cluster.port);
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('cluster-reloaded');
    const { served, failed } = await load.end();
    assert.ok(served > 0);
    assert.deepEqual(failed, []);
    assert.ok(cluster.workers().every(id => !before.includes(id)));
  });

  test('ports: one thread on each', async () => {
    const ports = [await freePort(0), await freePort(0)];
    await using cluster = await spawnEgg(inThreads({ ports, workers: 5, password: 'travels over the channel' }));
    const seen = await Promise.all(ports.map(port => bodyOf(port).then(body => JSON.parse(body) as Seen)));
    assert.deepEqual(
      seen.map(({ port }) => port),
      ports,
    );
    assert.deepEqual(seen.map(({ threadId }) => threadId).toSorted(), cluster.workers().toSorted());
  });

  test('what cannot work is refused before anything is forked', async () => {
    for (const [options, expected] of [
      [{ sticky: true }, /sticky: cannot be combined with startMode "worker_threads"/],
      [{ reusePort: true, port: null }, /options\.port must be specified when reusePort is enabled/],
    ] as const) {
      await using cluster = await launchEgg(inThreads(options));
      assert.equal((await cluster.exited).code, 1);
      assert.match(cluster.stderr(), expected);
      assert.ok(!cluster.events.some(({ type }) => type === 'child-forked'));
    }
  });
});
