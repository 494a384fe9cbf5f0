import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { connect } from '../../lib/index.js';
import type { SpawnedCluster } from '../../lib/testing.js';
import { spawnCluster } from '../../lib/testing.js';
import { ask, bodyOf } from '../support/client.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { type Home, home } from '../support/home.js';

const BLOCKS = fixture('apps/blocks.js');
const LIMIT_MS = 2_000;
const HANG_AFTER = ['--hang-after', `${LIMIT_MS}ms`];
const LINE_OF_CHECKOUT =
  1 +
  readFileSync(BLOCKS, 'utf8')
    .split('\n')
    .findIndex(line => line.includes('while (Date.now()'));

/** Blocks one worker. */
async function block(cluster: SpawnedCluster, path: string): Promise<{ readonly pid: number; readonly at: number; readonly answer: Promise<unknown> }> {
  const answer = ask(cluster.port, path).catch(() => 'no answer');
  const { data } = await cluster.waitForMessage('blocking');
  return { pid: Number(data), at: performance.now(), answer };
}

/** It was given up, another is ready, it is gone: within limit + boot + 1 s. */
async function replaced(cluster: SpawnedCluster, { pid, at }: { readonly pid: number; readonly at: number }) {
  const hung = await cluster.waitFor('child-hung', event => event.pid === pid);
  const { tookMs } = await cluster.waitFor('child-started', ({ slot, isFirst }) => slot === hung.slot && !isFirst);
  const left = await cluster.waitFor('child-left', event => event.pid === pid);
  const allMs = performance.now() - at;
  assert.ok(allMs <= LIMIT_MS + tookMs + 1_000, `${Math.round(allMs)} ms, boot ${tookMs} ms`);
  assert.deepEqual([left.exit.signal, left.failed, left.wasKilled], ['SIGKILL', true, true]);
  assert.equal(cluster.workers().length, 2);
  return { hung, left };
}

const hangsOf = (place: Home) => join(place.path, 'state', 'web', 'hangs');
const filesOf = (place: Home) => (existsSync(hangsOf(place)) ? readdirSync(hangsOf(place)) : []);

suite('hangs', { concurrency: 2 }, () => {
  test('a busy loop: others serve meanwhile, it is replaced in time, function and line are named, the profile is kept', async () => {
    using place = home();
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const victim = await block(cluster, '/busy');
    for (let n = 0; n < 20; n++) assert.notEqual(Number(await bodyOf(cluster.port)), victim.pid);
    const { left } = await replaced(cluster, victim);
    const top = `checkout (${BLOCKS}:${LINE_OF_CHECKOUT}:`;
    assert.ok(left.hang?.stack[0]?.startsWith(top), JSON.stringify(left.hang));
    const { profile = '' } = left.hang ?? {};
    const { nodes } = JSON.parse(readFileSync(profile, 'utf8')) as { nodes: { callFrame: { url: string }; hitCount: number }[] };
    const hits = nodes.filter(({ callFrame }) => callFrame.url.endsWith('/blocks.js')).map(({ hitCount }) => hitCount);
    assert.ok(Math.max(...hits) > 10, `samples: ${hits}`);
    assert.deepEqual([statSync(profile).mode & 0o777, statSync(hangsOf(place)).mode & 0o777], [0o600, 0o700]);
    assert.equal(filesOf(place).length, 1, 'the profile alone is kept');
    const why = (await place.run('why', 'web')).stdout;
    assert.match(why, /app#\d+ \(pid \d+\) blocked for 2\.\d s at checkout \(.*blocks\.js:\d+:\d+\)/);
    assert.ok(why.includes(top) && why.includes(profile));
    const { workers } = await (await connect(place.socket('web'))).status();
    assert.match(workers.find(({ slot }) => slot === left.slot)?.lastExit?.reason ?? '', /^hung: blocked for .* at checkout/);
    assert.match(cluster.output(), /blocked for 2\.\d s at checkout/);
  });

  test('one that waits inside of JavaScript has a stack, too', async () => {
    using place = home();
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const { left } = await replaced(cluster, await block(cluster, '/wait'));
    assert.match(left.hang?.stack[0] ?? JSON.stringify(left.hang), /^waitForNobody \(/);
  });

  test('one that is blocked in native code has none, and says so', async () => {
    using place = home();
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const { left } = await replaced(cluster, await block(cluster, '/exec?ms=20000'));
    assert.deepEqual([left.hang?.stack, left.hang?.note], [[], 'no stack: it runs no JavaScript']);
    assert.deepEqual(filesOf(place), []);
  });

  test('a stopped worker is replaced likewise, without a stack', async () => {
    using place = home();
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const [pid = 0] = cluster.workers();
    cluster.kill(pid, 'SIGSTOP');
    const { left } = await replaced(cluster, { pid, at: performance.now() });
    assert.deepEqual(left.hang?.stack, []);
  });

  test('one that comes back in time is left alone, and nothing is kept of it', async () => {
    using place = home();
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const before = cluster.workers();
    const { answer } = await block(cluster, `/busy?ms=${LIMIT_MS * 0.7}`);
    await answer;
    await block(cluster, '/exec?ms=1').then(next => next.answer);
    assert.deepEqual(cluster.workers(), before);
    assert.equal(
      cluster.events.some(({ type }) => type === 'child-hung'),
      false,
    );
    assert.deepEqual(filesOf(place), []);
  });

  test('one that comes back while its replacement boots stays, and the newcomer leaves', async () => {
    using place = home();
    await using cluster = await place.start(fixture('apps/boots-slowly.js'), { args: HANG_AFTER });
    const [pid = 0] = cluster.workers();
    cluster.kill(pid, 'SIGSTOP');
    const { slot } = await cluster.waitFor('child-hung');
    const newcomer = await cluster.waitFor('child-forked', event => event.slot === slot);
    cluster.kill(pid, 'SIGCONT');
    await cluster.waitFor('child-recovered', event => event.pid === pid);
    const { failed } = await cluster.waitFor('child-left', event => event.pid === newcomer.pid);
    assert.equal(failed, false);
    assert.ok(cluster.workers().includes(pid));
    assert.equal((await cluster.stop()).code, 0);
    assert.equal(
      cluster.events.find(event => event.type === 'child-left' && event.pid === pid && event.failed),
      undefined,
      'its end is no failure',
    );
  });

  test('a stopped master kills nobody, however long', async () => {
    await using cluster = await spawnCluster(BLOCKS, { args: ['--hang-after', '600ms'] });
    const before = cluster.workers();
    for (let round = 0; round < 3; round++) {
      cluster.kill(cluster.masterPid, 'SIGSTOP');
      await new Promise(resolve => setTimeout(resolve, 1_900)); // The fault itself.
      cluster.kill(cluster.masterPid, 'SIGCONT');
      await new Promise(resolve => setTimeout(resolve, 700)); // Longer than the limit: whoever is to be killed, is.
    }
    assert.deepEqual(cluster.workers(), before);
    assert.equal(
      cluster.events.some(({ type }) => type === 'child-hung'),
      false,
    );
  });

  test('a machine that sleeps kills nobody: whoever wakes up first waits for the others', async () => {
    await using cluster = await spawnCluster(BLOCKS, { args: HANG_AFTER });
    const before = cluster.workers();
    for (const pid of [cluster.masterPid, ...before]) cluster.kill(pid, 'SIGSTOP');
    await new Promise(resolve => setTimeout(resolve, 2 * LIMIT_MS)); // The fault itself: asleep.
    cluster.kill(cluster.masterPid, 'SIGCONT');
    await new Promise(resolve => setTimeout(resolve, 100)); // And the order in which they wake.
    for (const pid of before) cluster.kill(pid, 'SIGCONT');
    await new Promise(resolve => setTimeout(resolve, LIMIT_MS)); // Whoever is to be killed, is: nothing tells that nothing happens.
    assert.deepEqual(cluster.workers(), before);
    assert.equal(
      cluster.events.some(({ type }) => type === 'child-hung'),
      false,
    );
  });

  test('there are never two agents: one that hangs is killed first', async () => {
    await using cluster = await spawnCluster(fixture('apps/demo'), { args: HANG_AFTER });
    const old = cluster.agent() ?? 0;
    cluster.kill(old, 'SIGSTOP');
    const left = await cluster.waitFor('child-left', ({ role }) => role === 'agent');
    assert.equal(left.pid, old);
    const { pid } = await cluster.waitFor('child-forked', ({ role }) => role === 'agent');
    await cluster.waitFor('child-started', ({ role }) => role === 'agent');
    assert.equal(cluster.agent(), pid);
  });

  test('--hang-after 0s: nobody is replaced; --no-watchdog: replaced, without a stack', async () => {
    using place = home();
    await using never = await spawnCluster(BLOCKS, { args: ['--hang-after', '0s'] });
    await using blind = await place.start(BLOCKS, { args: [...HANG_AFTER, '--no-watchdog'] });
    const [stopped = 0] = never.workers();
    never.kill(stopped, 'SIGSTOP');
    const { left } = await replaced(blind, await block(blind, '/busy'));
    assert.deepEqual(left.hang?.stack, []);
    assert.equal(
      never.events.some(({ type }) => type === 'child-hung'),
      false,
    );
    never.kill(stopped, 'SIGCONT');
  });

  test('a folder that cannot be used costs the evidence, and nothing else', async () => {
    using place = home();
    mkdirSync(hangsOf(place), { recursive: true, mode: 0o700 });
    chmodSync(join(place.path, 'state'), 0o700);
    chmodSync(hangsOf(place), 0o777);
    await using cluster = await place.start(BLOCKS, { args: HANG_AFTER });
    const { left } = await replaced(cluster, await block(cluster, '/busy'));
    assert.deepEqual([left.hang?.stack, filesOf(place)], [[], []]);
  });

  test('an endless loop whose master was killed does not spin for ever', async () => {
    await using cluster = await spawnCluster(BLOCKS, { workers: 1, args: ['--hang-after', '1s', '--stop-timeout', '1s'] });
    const { pid } = await block(cluster, '/busy');
    cluster.kill(cluster.masterPid, 'SIGKILL');
    await gone([pid]);
  });
});
