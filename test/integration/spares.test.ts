import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { freePort } from '../../lib/system/free-port.js';
import { type SpawnedCluster, spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { launchEgg, spawnEgg } from '../support/egg.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { home } from '../support/home.js';

const MORTAL = fixture('apps/mortal.js');
const INDEX = fixture('apps/tells-its-index.js');

const sparesOf = ({ events }: SpawnedCluster) => events.flatMap(event => (event.type === 'spare-booted' ? [event.pid] : []));
const takenOf = ({ events }: SpawnedCluster) => events.flatMap(event => (event.type === 'spare-taken' ? [event.pid] : []));

async function withSpare(entry: string, options: Parameters<typeof spawnCluster>[1] = {}, spares = 1) {
  const cluster = await spawnCluster(entry, { workers: 1, ...options, args: ['--spares', String(spares), ...(options.args ?? [])] });
  const { pid: spare } = await cluster.waitFor('spare-booted');
  return { cluster, spare, victim: cluster.workers()[0] ?? 0 };
}

suite('spares', { concurrency: 2 }, () => {
  test('a worker that is killed is replaced by the spare, which had no connection before; another one is booted', async () => {
    const { cluster, spare, victim } = await withSpare(MORTAL);
    await using _ = cluster;
    const answers = await Promise.all(Array.from({ length: 40 }, () => bodyOf(cluster.port)));
    assert.deepEqual(new Set(answers.map(Number)), new Set([victim]));
    cluster.kill(victim);
    assert.equal(Number(await bodyOf(cluster.port)), spare);
    const back = await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.deepEqual([back.slot, back.id], [0, 2]);
    assert.notEqual((await cluster.waitFor('spare-booted')).pid, spare);
    assert.equal(cluster.events.filter(event => event.type === 'child-forked').length, 2, 'spares are no workers');
  });

  test('it has its index, its log and its mark before it serves, and status counts it', async () => {
    using place = home(true);
    await using cluster = await place.start(INDEX, { workers: 1, args: ['--spares', '1'] });
    const { pid: spare } = await cluster.waitFor('spare-booted');
    assert.equal(JSON.parse((await place.run('status', 'web', '--json')).stdout).spares, 1);
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.deepEqual(JSON.parse(await bodyOf(cluster.port)), { pid: spare, index: '0', cforkIndex: '0', born: '1' });
    await cluster.waitFor('spare-booted');
    await cluster.stop();
    assert.match(place.log('web'), new RegExp(`spare#1:${spare} .*booted ${spare}`));
    await gone([...sparesOf(cluster), spare]);
  });

  test('a socket of its own is not opened before it is admitted', async () => {
    const port = await freePort(0);
    const { cluster, spare, victim } = await withSpare(INDEX, { env: { ALONE_PORT: String(port) } });
    await using _ = cluster;
    assert.equal(JSON.parse(await bodyOf(port)).pid, victim);
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.equal(JSON.parse(await bodyOf(port)).pid, spare);
  });

  test('a reload drops those of yesterday, and boots others when it is done', async () => {
    const { cluster, spare } = await withSpare(MORTAL);
    await using _ = cluster;
    cluster.kill(cluster.pid, 'SIGHUP');
    await cluster.waitFor('cluster-reloaded');
    const { pid, failed } = await cluster.waitFor('spare-left');
    assert.deepEqual([pid, failed], [spare, false]);
    const newcomer = await cluster.waitFor('spare-booted');
    assert.equal(newcomer.generation, 2);
    assert.deepEqual(takenOf(cluster), []);
    cluster.kill(cluster.workers()[0] ?? 0);
    assert.equal(Number(await bodyOf(cluster.port)), newcomer.pid);
  });

  test('two deaths with one spare: one slot takes it, the other is forked', async () => {
    const { cluster, spare } = await withSpare(MORTAL, { workers: 2 });
    await using _ = cluster;
    const victims = cluster.workers();
    for (const pid of victims) cluster.kill(pid);
    for (const _pid of victims) await cluster.waitFor('child-started', ({ pid }) => !victims.includes(pid));
    assert.deepEqual(takenOf(cluster), [spare]);
    assert.equal(cluster.workers().length, 2);
    assert.equal((await ask(cluster.port)).status, 200);
    await cluster.waitFor('spare-booted');
  });

  test('one that cannot boot costs nobody, and is given up after three tries', async () => {
    await using cluster = await spawnCluster(fixture('apps/boots-in-slots-only.js'), { args: ['--spares', '1'] });
    const { failures } = await cluster.waitFor('spares-gave-up');
    assert.equal(failures, 3);
    const left = cluster.events.flatMap(event => (event.type === 'spare-left' ? [event] : []));
    assert.ok(left.length === 3 && left.every(({ failed, wasBooted }) => failed && !wasBooted));
    assert.match(left[0]?.lastWords?.error ?? '', /no room for spares/);
    assert.equal(cluster.workers().length, 2);
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started', ({ slot }) => slot === 0);
  });

  test('one that is killed while it waits is booted again', async () => {
    const { cluster, spare } = await withSpare(MORTAL);
    await using _ = cluster;
    cluster.kill(spare);
    const { failed, wasBooted, exit } = await cluster.waitFor('spare-left');
    assert.deepEqual([failed, wasBooted, exit.signal], [true, true, 'SIGKILL']);
    assert.notEqual((await cluster.waitFor('spare-booted')).pid, spare);
    assert.equal(cluster.events.filter(event => event.type === 'child-left').length, 0);
  });

  test('a scale-up takes them', async () => {
    using place = home();
    await using cluster = await place.start(MORTAL, { workers: 1, args: ['--spares', '2'] });
    const first = await cluster.waitFor('spare-booted');
    const second = await cluster.waitFor('spare-booted');
    assert.equal((await place.run('scale', 'web', '3')).code, 0);
    assert.deepEqual(new Set(takenOf(cluster)), new Set([first.pid, second.pid]));
    assert.equal(cluster.workers().length, 3);
  });

  test('sticky: it gets its clients from the master', async () => {
    const { cluster, spare, victim } = await withSpare(MORTAL, { args: ['--sticky'] });
    await using _ = cluster;
    assert.equal(Number(await bodyOf(cluster.port)), victim);
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.equal(Number(await bodyOf(cluster.port)), spare);
  });

  test('an application that exports itself and listens later gets its address', async () => {
    const { cluster, spare, victim } = await withSpare(fixture('apps/exports-and-listens-later.cjs'));
    await using _ = cluster;
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    assert.equal((await ask(cluster.port)).status, 200);
    assert.deepEqual(
      cluster.events.filter(event => event.type === 'address-in-use'),
      [],
    );
    assert.equal(cluster.workers()[0], spare);
  });

  test('a program that never listens waits with its word', async () => {
    const { cluster, spare, victim } = await withSpare(fixture('apps/signals-ready.js'), { args: ['--ready', 'signal'] });
    await using _ = cluster;
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
  });

  test('one that never listens and is online, too', async () => {
    const { cluster, spare, victim } = await withSpare(fixture('apps/never-listens.js'), { args: ['--ready', 'online'] });
    await using _ = cluster;
    cluster.kill(victim);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
  });

  test('a stop leaves nothing, also of one that ignores SIGTERM', async () => {
    const { cluster, spare } = await withSpare(fixture('apps/ignores-sigterm.js'), { args: ['--stop-timeout', '3s'] });
    const exit = await cluster.stop();
    assert.deepEqual(exit, { code: 0, signal: null });
    const { forced, survived } = cluster.events.flatMap(event => (event.type === 'cluster-stopped' ? [event] : []))[0] ?? assert.fail('no word of the end');
    assert.ok(forced.includes(spare), `${forced}`);
    assert.deepEqual(survived, []);
    await gone([spare]);
  });

  test('a framework, through startCluster: it hears what a latecomer hears', async () => {
    await using cluster = await spawnEgg({ workers: 1, options: { spares: 1, baseDir: fixture('eggs/records') } });
    const { pid: spare } = await cluster.waitFor('spare-booted');
    cluster.kill(cluster.workers()[0] ?? 0);
    await cluster.waitFor('child-started', ({ pid }) => pid === spare);
    const seen = JSON.parse(await bodyOf(cluster.port)) as { pid: number; received: { action: string }[] };
    assert.equal(seen.pid, spare);
    assert.deepEqual(
      seen.received.map(({ action }) => action).filter(action => action.startsWith('egg-')),
      ['egg-pids', 'egg-ready'],
    );
  });

  test('threads have none', async () => {
    const cluster = await launchEgg({ workers: 1, options: { spares: 1, startMode: 'worker_threads' } });
    await using _ = cluster;
    assert.notEqual((await cluster.exited).code, 0);
    assert.match(cluster.output(), /--spares: cannot be combined/);
  });
});
