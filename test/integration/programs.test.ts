import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { spawnCluster } from '../../lib/testing.js';
import { bodyOf } from '../support/client.js';
import { fixture } from '../support/fixtures.js';

const ANSWERS: Readonly<Record<string, RegExp>> = {
  'plain.js': /^\d+ \/$/,
  'express.cjs': /^express$/,
  'express-listens.cjs': /^express-listens$/,
  'koa.js': /^koa$/,
  'fastify.js': /^fastify$/,
  'hono.js': /^hono$/,
  'http-server.js': /^http-server$/,
  'async-function.js': /^async-function on \d+$/,
  'typed.ts': /^typed$/,
  demo: /^Hello from app worker/,
};

suite('any application, unchanged', { concurrency: 2 }, () => {
  for (const [name, answer] of Object.entries(ANSWERS)) {
    test(`${name} is served by two workers`, async () => {
      await using cluster = await spawnCluster(fixture(`apps/${name}`));
      assert.match(await bodyOf(cluster.port), answer);
      assert.equal(cluster.workers().length, 2);
      assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
    });
  }

  test('an application that exports itself and listens later gets its address back', async () => {
    await using cluster = await spawnCluster(fixture('apps/exports-and-listens-later.cjs'));
    const deadline = Date.now() + 5_000;
    while ((await bodyOf(cluster.port)) !== 'listens-later') assert.ok(Date.now() < deadline, 'its own server never came');
    assert.equal(cluster.workers().length, 2);
  });

  test('a program that never listens can say when it is ready', async () => {
    await using cluster = await spawnCluster(fixture('apps/signals-ready.js'), { port: false, args: ['--ready', 'signal'] });
    assert.equal(cluster.workers().length, 2);
  });

  test('a program that never listens can be ready when it is loaded', async () => {
    await using cluster = await spawnCluster(fixture('apps/never-listens.js'), { port: false, args: ['--ready', 'online'] });
    assert.equal(cluster.workers().length, 2);
  });

  test('flags reach the workers: variables, node options, arguments; our own do not', async () => {
    const args = ['--set-env', 'COLOUR=blue=green', '--node-option=--max-old-space-size=256', '--env', 'prod', '--', '--verbose'];
    await using cluster = await spawnCluster(fixture('apps/environment.js'), { workers: 1, args });
    const { env, argv, execArgv } = JSON.parse(await bodyOf(cluster.port));
    assert.deepEqual(
      [env.COLOUR, env.EGG_SERVER_ENV, env.NODE_ENV, env.APP_CLUSTER_WORKER_INDEX, env.CFORK_WORKER_INDEX, env.CFORK_WORKER_COUNT],
      ['blue=green', 'prod', 'production', '0', '0', '1'],
    );
    assert.equal(env.APP_CLUSTER_BOOT, undefined);
    assert.deepEqual(argv, ['--verbose']);
    assert.deepEqual(execArgv, ['--max-old-space-size=256']);
  });
});
