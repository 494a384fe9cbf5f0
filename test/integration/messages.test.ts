import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { fixture } from '../support/fixtures.js';

const answerOf = async ({ port }: SpawnedCluster, path: string) => JSON.parse(await bodyOf(port, path));

suite('messages', { concurrency: 2 }, () => {
  test('requests are answered, failures and silence have their codes', async () => {
    await using cluster = await spawnCluster(fixture('apps/talks'));
    assert.equal(await answerOf(cluster, '/add?a=2&b=3'), 5);
    assert.equal((await answerOf(cluster, '/fail')).code, 'ERR_REQUEST_FAILED');
    assert.match((await answerOf(cluster, '/fail')).message, /cannot/);
    assert.equal((await answerOf(cluster, '/unheard-of')).code, 'ERR_REQUEST_FAILED');
    assert.equal((await answerOf(cluster, '/silence')).code, 'ERR_REQUEST_TIMEOUT');
    assert.match(await answerOf(cluster, '/ask-back'), /^app [01]$/);
  });

  test('a broadcast reaches every app worker', async () => {
    await using cluster = await spawnCluster(fixture('apps/talks'), { workers: 3 });
    await answerOf(cluster, '/note');
    while ((await answerOf(cluster, '/seen')) < 3) assert.equal(cluster.workers().length, 3);
    assert.equal(await answerOf(cluster, '/seen'), 3);
  });

  test('an agent that is gone is a timeout, not a crash', async () => {
    await using cluster = await spawnCluster(fixture('apps/talks'));
    cluster.kill(cluster.agent() ?? 0);
    await cluster.waitFor('child-left', event => event.role === 'agent');
    assert.equal((await answerOf(cluster, '/add?a=2&b=3')).code, 'ERR_REQUEST_TIMEOUT');
    await cluster.waitFor('child-started', event => event.role === 'agent');
    assert.equal(await answerOf(cluster, '/add?a=2&b=3'), 5);
  });

  test('what is said to an agent that is being reloaded waits for the next one', async () => {
    await using cluster = await spawnCluster(fixture('apps/talks'), { workers: 1 });
    const reloaded = cluster.waitFor('cluster-reloaded');
    cluster.kill(cluster.pid, 'SIGHUP');
    let isOver = false;
    void reloaded.then(() => {
      isOver = true;
    });
    const answers: unknown[] = [];
    while (!isOver) answers.push(await answerOf(cluster, '/add?a=2&b=3&within=10000'));
    assert.deepEqual([...new Set(answers)], [5]);
    assert.equal(cluster.events.filter(event => event.type === 'child-started' && event.role === 'agent').length, 2);
  });

  for (const kind of [
    'text',
    'null',
    'number',
    'array',
    'empty',
    'error',
    'exit',
    'reload',
    'nowhere',
    'receiver',
    'port',
    'query',
    'path',
    'word',
    'large',
    'flood',
  ]) {
    test(`a worker may send ${kind}: nobody dies of it, nothing is believed`, async () => {
      await using cluster = await spawnCluster(fixture('apps/says-anything.js'));
      const before = cluster.workers();
      assert.equal((await ask(cluster.port, `/?kind=${kind}`)).status, 200);
      for (let i = 0; i < 4; i++) assert.equal((await ask(cluster.port)).status, 200);
      assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
      const left = cluster.events.filter(event => event.type === 'child-left' && event.failed);
      assert.deepEqual(left, []);
      assert.ok(!cluster.events.some(event => event.type === 'cluster-reloading'), 'only the agent or the parent may ask for a reload');
      assert.equal(before.length, 2);
    });
  }
});
