import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import { ask, bodyOf } from '../support/client.js';
import { eggFolder, refused, STACKS, seenBy, seenWhere, startEgg, Tool } from '../support/real-egg.js';

for (const [name, { mock, scripts }] of Object.entries(STACKS)) {
  suite(`${name} from the registry`, { concurrency: 2 }, () => {
    test('starts, serves, talks both ways, schedules, shares a cluster client, and stops', async () => {
      await using cluster = await startEgg(name);
      const workers = cluster.workers().toSorted();
      assert.equal(await bodyOf(cluster.port, '/shared'), `greeting from ${cluster.agent()}`);
      const { pid } = await seenBy(cluster.port);
      await ask(cluster.port, '/tell-agent');
      const seen = await seenWhere(cluster.port, ({ heard, counts }) => heard.some(({ asked }) => asked !== 'random') && counts.worker > 0 && counts.all > 0);
      assert.ok(workers.includes(pid));
      assert.deepEqual(seen.agents, [cluster.agent()]);
      assert.deepEqual(seen.heard.find(({ asked }) => asked !== 'random')?.apps.toSorted(), workers);
      assert.equal(seen.counts.ready, 1);
      assert.deepEqual(await cluster.stop(), { code: 0, signal: null });
      assert.equal(cluster.output().match(/^app closed$/gm)?.length, 2);
      assert.equal(cluster.output().match(/^agent closed$/gm)?.length, 1);
      assert.doesNotMatch(cluster.stderr(), /Error/);
    });

    const skip =
      scripts === 'eggctl' && Number(process.versions.node.split('.')[0]) >= 26 ? 'eggctl 4.0.0 itself fails on Node 26: it leaves a FileHandle open' : false;
    test(`${scripts} start --daemon says where, ${scripts} stop ends it`, { skip }, async () => {
      const port = await freePort(0);
      const title = `smoke-of-${name}`;
      await using start = new Tool(name, [scripts, 'start', '--daemon', `--title=${title}`, '--workers=2', `--port=${port}`]);
      await start.says(new RegExp(`started on http://127\\.0\\.0\\.1:${port}`));
      assert.equal(await start.exited, 0);
      assert.equal((await ask(port)).status, 200);
      await using stop = new Tool(name, [scripts, 'stop', `--title=${title}`]);
      await stop.says(/got master pid \[.*\d+.*\]/);
      assert.equal(await stop.exited, 0);
      assert.doesNotMatch(stop.output, /that is not killed by master/);
      await refused(port);
    });

    test('egg-bin dev reloads when a file changes', async () => {
      const port = await freePort(0);
      await using dev = new Tool(name, ['egg-bin', 'dev', `--port=${port}`]);
      await dev.says(/egg started on http/);
      const { pid } = await seenBy(port);
      const touch = setInterval(() => utimesSync(join(eggFolder(name), 'app', 'router.js'), new Date(), new Date()), 500); // Its watcher comes up late.
      await dev.says(/reload worker/).finally(() => clearInterval(touch));
      await seenWhere(port, seen => seen.pid !== pid);
      dev.signalGroup('SIGINT');
      await dev.exited;
      await refused(port);
    });

    test('egg-bin test runs mm.cluster() with app.expect', async () => {
      await using run = new Tool(name, ['egg-bin', 'test', 'test/cluster.test.js'], { MOCK: mock });
      const code = await run.exited;
      assert.match(run.output, /1 passing/);
      assert.equal(code, 0, run.output);
    });
  });
}
