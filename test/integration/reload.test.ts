import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { bodyOf } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { emptyFolder } from '../support/fixtures.js';

/** Answers what its environment, and its own text, say. */
const app = (says: string, first = '') =>
  `${first}require('node:http').createServer((request, response) => response.end(\`${says} \${process.env.GREETING ?? ''}\`)).listen(process.env.PORT);\n`;

/** Every worker's answer: asked often enough for two. */
async function answers({ port }: SpawnedCluster): Promise<string[]> {
  const all = new Set<string>();
  for (let n = 0; n < 40; n++) all.add((await bodyOf(port)).trim());
  return [...all].sort();
}

async function reload(cluster: SpawnedCluster): Promise<string> {
  const from = cluster.events.length;
  const end = () => cluster.events.slice(from).find(({ type }) => type === 'cluster-reloaded' || type === 'reload-failed');
  cluster.kill(cluster.pid, 'SIGHUP');
  await eventually(() => end() !== undefined, 20_000);
  return end()?.type ?? 'neither';
}

function releases(files: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const folder = emptyFolder();
  for (const [release, contents] of Object.entries(files)) {
    mkdirSync(join(folder.path, release));
    for (const [file, text] of Object.entries(contents)) writeFileSync(join(folder.path, release, file), text);
  }
  const current = join(folder.path, 'current');
  const select = (release: string) => {
    rmSync(current, { force: true });
    symlinkSync(release, current);
  };
  select('1');
  return { current, select, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

suite('what a reload reads anew', { concurrency: 2 }, () => {
  test('the configuration: environment, number of workers; one that is wrong changes nothing', async () => {
    using folder = emptyFolder();
    const config = (text: object) => writeFileSync(join(folder.path, 'app-cluster.config.json'), JSON.stringify(text));
    writeFileSync(join(folder.path, 'app.js'), app('it says'));
    config({ setEnv: { GREETING: 'one' }, workers: 1 });
    await using cluster = await spawnCluster(folder.path, { workers: false });
    assert.deepEqual(await answers(cluster), ['it says one']);
    config({ setEnv: { GREETING: 'two' }, workers: 2 });
    assert.equal(await reload(cluster), 'cluster-reloaded');
    assert.deepEqual(await answers(cluster), ['it says two']);
    config({ setEnv: { GREETING: 'three' }, workers: 'many' });
    const before = cluster.workers();
    assert.equal(await reload(cluster), 'reload-failed');
    assert.match(cluster.output(), /workers: should be a whole number/);
    assert.deepEqual([await answers(cluster), cluster.workers()], [['it says two'], before]);
  });

  test('a symbolic link in the path, given or stood in', async () => {
    using place = releases({ 1: { 'app.js': app('first') }, 2: { 'app.js': app('second') } });
    await using given = await spawnCluster(place.current);
    await using stoodIn = await spawnCluster('app.js', { cwd: place.current, env: { PWD: place.current } });
    place.select('2');
    for (const cluster of [given, stoodIn]) {
      assert.deepEqual(await answers(cluster), ['first']);
      assert.equal(await reload(cluster), 'cluster-reloaded');
      assert.deepEqual(await answers(cluster), ['second']);
    }
  });
});

suite('a reload that fails', { concurrency: 2 }, () => {
  test('in its second slot: whoever was replaced already is replaced again, from the release before', async () => {
    const breaks = "if (process.env.APP_CLUSTER_WORKER_INDEX === '1') throw new Error('not here');\n";
    using place = releases({ 1: { 'app.js': app('first') }, 2: { 'app.js': app('second', breaks) } });
    await using cluster = await spawnCluster(place.current);
    place.select('2');
    const [slot0] = cluster.workers();
    assert.equal(await reload(cluster), 'reload-failed');
    assert.match(cluster.output(), /The reload was called off.*not here/s);
    rmSync(place.current);
    symlinkSync('1', place.current); // As a deployment goes back; what is known to work is forked by its own path all the same.
    await cluster.waitFor('child-left', ({ slot, failed, generation }) => slot === 0 && !failed && generation === 2);
    assert.deepEqual(await answers(cluster), ['first']);
    assert.notEqual(cluster.workers()[0], slot0);
  });

  test('in its agent: the apps are new, the old agent is started again', async () => {
    const agent = (text: string) => `console.log('agent ${text}');\nmodule.exports = () => { setInterval(() => {}, 60_000); };\n`;
    using place = releases({
      1: { 'app.js': app('first'), 'agent.js': agent('one') },
      2: { 'app.js': app('second'), 'agent.js': "throw new Error('no agent');\n" },
    });
    await using cluster = await spawnCluster(place.current, { workers: 1 });
    const old = cluster.agent();
    place.select('2');
    assert.equal(await reload(cluster), 'reload-failed');
    assert.deepEqual(await answers(cluster), ['second']);
    place.select('1');
    await cluster.waitFor('child-started', ({ role }) => role === 'agent');
    assert.notEqual(cluster.agent(), old);
    const forks = cluster.events.filter(event => event.type === 'child-forked' && event.role === 'agent').length;
    assert.ok(forks >= 5, `${forks} agents: the first, three that failed, the old one again`);
  });
});

test('--surge 3 of 4: three newcomers beside their predecessors, never more', async () => {
  using folder = emptyFolder();
  writeFileSync(join(folder.path, 'app.js'), app('here'));
  await using cluster = await spawnCluster(folder.path, { workers: 4, args: ['--surge', '3'] });
  assert.equal(await reload(cluster), 'cluster-reloaded');
  let newcomers = 0;
  let most = 0;
  for (const event of cluster.events) {
    if (event.type === 'child-forked' && event.generation === 2) most = Math.max(most, ++newcomers);
    if (event.type === 'child-moved' && event.generation === 1 && event.to === 'draining') newcomers--;
  }
  assert.equal(most, 3);
});
