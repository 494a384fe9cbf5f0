import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { ask, bodyOf } from '../support/client.js';
import { fault, full } from '../support/faults/fault.js';
import { listenersOn } from '../support/faults/processes.js';
import { kill, onePort, range, Services } from '../support/faults/services.js';
import { isAlive, until } from '../support/faults/subject.js';
import { program, serving } from '../support/services.js';

const QUICK = { interval: '100ms', timeout: '300ms', startTimeout: '1s' };
const first = (range: { readonly from: number }) => range.from;

suite('services that die', { concurrency: 2 }, () => {
  for (const [how, most] of [
    ['at its start', full(8, 4)],
    ['whenever it is ready', full(6, 3)],
  ] as const) {
    const isAtStart = how === 'at its start';
    const title = `a service that dies ${how}`;
    fault(title, `${most + 1} forks, then given up: failed, its port free; a start is a new chance`, async numbers => {
      const restart = { maxFailures: most, delays: { first: '40ms', longest: '200ms' } };
      const what = isAtStart ? { exec: program('dies') } : { exec: program('dies-when-asked'), health: { ...QUICK, http: '/' } };
      await using at = new Services({ frail: { ...what, port: range(), restart }, other: { exec: program('sleeps') } });
      await at.up();
      const gaveUp = at.fact('slot-gave-up', () => true);
      if (!isAtStart) {
        let isOver = false;
        void gaveUp.then(
          () => (isOver = true),
          () => (isOver = true),
        );
        while (!isOver) {
          const { status, port = 0, running } = await at.service('frail');
          if (status === 'failed') break;
          if (running) await ask(port, '/die').catch(() => {});
        }
      }
      await gaveUp;
      const status = await at.until('frail', seen => seen.status === 'failed');
      const forks = (await at.facts('child-forked')).filter(({ service }) => service === 'frail').length;
      const waits = (await at.facts('backing-off')).map(({ waitMs }) => Math.round(waitMs));
      Object.assign(numbers, { forks, 'waits ms': waits.join(' '), 'last exit': status.lastExit?.code ?? '' });
      assert.equal(forks, most + 1);
      assert.equal(status.lastExit?.code, isAtStart ? 3 : 4);
      assert.match(status.reason ?? '', /exit code/);
      for (const [n, wait] of waits.entries()) assert.ok(wait >= Math.min(200, 40 * 2 ** n) - 1 && wait <= 200, waits.join(' '));
      assert.deepEqual([at.processesOf('frail'), listenersOn(status.port ?? 0)], [[], []]);
      assert.equal((await at.service('other')).status, 'running');
      const again = await at.run('start', 'sup/frail');
      assert.equal(again.code, isAtStart ? 1 : 0, again.stderr);
      const forksThen = (await at.facts('child-forked')).filter(({ service }) => service === 'frail').length;
      assert.ok(forksThen > forks, 'it was tried again');
      assert.match((await at.service('frail')).status, isAtStart ? /^(starting|backing-off)$/ : /^running$/);
    });
  }

  fault('a service that is never healthy', 'ERR_START_TIMEOUT after its 1 s, process gone, port free', async numbers => {
    const port = range();
    await using at = new Services({
      sick: { exec: program('never-healthy'), port, desired: 'down', health: { ...QUICK, http: '/' } },
      other: serving(range()),
    });
    await at.up();
    const startedAt = performance.now();
    const refused = await at.run('start', 'sup/sick');
    numbers['start ms'] = Math.round(performance.now() - startedAt);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /sick did not start: it was not healthy within 1000 ms \(.*503.*\).*ERR_START_TIMEOUT/);
    numbers['processes'] = at.processesOf('sick').length;
    assert.deepEqual([at.processesOf('sick'), listenersOn(first(port))], [[], []]);
    const { status, desired } = await at.service('sick');
    assert.deepEqual([status, desired], ['failed', 'down']);
  });

  fault('a service that falls silent', 'unhealthy, after 3 failures asked to leave, another one started, its port the same', async numbers => {
    await using at = new Services({ mute: { exec: program('falls-silent'), port: range(), health: { ...QUICK, http: '/' } } });
    await at.up();
    const { port = 0, pid = 0 } = await at.service('mute');
    await bodyOf(port, '/silence');
    const silentAt = performance.now();
    const unhealthy = await at.fact('service-unhealthy', () => true);
    const after = await at.until('mute', seen => seen.running && seen.pid !== pid);
    numbers['healthy again after ms'] = Math.round(performance.now() - silentAt);
    assert.deepEqual([unhealthy.failures, after.port, after.restarts, isAlive(pid)], [1, port, 1, false]);
    const hung = (await at.facts('child-moved')).filter(({ from, to }) => from === 'ready' && to === 'hung');
    assert.equal(hung.length, 1);
    const steps = (await at.facts('service-stop-step')).map(({ step }) => step);
    assert.deepEqual(steps, ['SIGTERM']);
    await until('its last words', () => at.log().includes('asked politely'));
  });
});

suite('services that do not leave', { concurrency: 2 }, () => {
  fault('a stop of a service that ignores SIGTERM', 'SIGKILL after its 500 ms, reported as forced, exit 0', async numbers => {
    await using at = new Services({ deaf: { exec: program('ignores-sigterm'), port: range(), stop: { timeout: '500ms' } } });
    await at.up();
    const { pid = 0 } = await at.service('deaf');
    const stopped = await at.run('stop', 'sup/deaf', '--json');
    const { forced, remains, tookMs } = JSON.parse(stopped.stdout) as { forced: number[]; remains: string[]; tookMs: number };
    numbers['took ms'] = tookMs;
    assert.deepEqual([stopped.code, forced, remains, isAlive(pid)], [0, [pid], [], false]);
    assert.ok(tookMs >= 500 && tookMs < 2_500, `${tookMs} ms`);
    assert.deepEqual(
      (await at.facts('service-stop-step')).map(({ step }) => step),
      ['SIGTERM', 'SIGKILL'],
    );
  });

  for (const laterMs of [0, 400]) {
    fault(`a daemon that writes its pid file ${laterMs} ms after it has left`, 'followed, restarted when killed, ended by a stop; 0 left', async numbers => {
      await using at = new Services({});
      const pidFile = join(at.folder, 'daemon.pid');
      at.project.describe({
        daemon: {
          ...{ exec: program('puts-itself-into-the-background'), pidFile, port: range(), health: { ...QUICK, startTimeout: '5s', http: '/' } },
          env: { PID_FILE: pidFile, LATER_MS: laterMs },
        },
      });
      await at.up();
      const { pid = 0, port = 0, status } = await at.service('daemon');
      assert.deepEqual([status, Number(await bodyOf(port))], ['running', pid]);
      assert.deepEqual(at.processesOf('daemon'), [pid]);
      kill(pid);
      const after = await at.until('daemon', seen => seen.running && seen.pid !== pid);
      assert.equal(Number(await bodyOf(after.port ?? 0)), after.pid);
      numbers['processes'] = at.processesOf('daemon').length;
      assert.equal((await at.run('stop', 'sup/daemon')).code, 0);
      assert.deepEqual([at.processesOf('daemon'), existsSync(pidFile)], [[], false]);
      assert.deepEqual(
        (await at.facts('service-stop-step')).filter(({ step }) => step === 'SIGKILL'),
        [],
      );
    });
  }

  fault('a service that puts itself into the background without a pid file', 'no orphan, whatever becomes of it', async numbers => {
    const restart = { maxFailures: 1, delays: { first: '50ms' } };
    await using at = new Services({ daemon: { exec: program('puts-itself-into-the-background'), port: range(), restart, health: { ...QUICK, http: '/' } } });
    await at.up();
    await at.until('daemon', ({ status }) => status === 'failed' || status === 'completed');
    numbers['processes'] = at.processesOf('daemon').length;
    assert.deepEqual(at.processesOf('daemon'), []);
  });

  for (const stubborn of [false, true]) {
    fault(
      `a service that dies and leaves a child on its port${stubborn ? ' that ignores SIGTERM' : ''}`,
      'the child ended, another one serves there',
      async numbers => {
        const env = stubborn ? { STUBBORN: '1' } : {};
        const service = {
          exec: program('leaves-a-child-on-its-port'),
          port: await onePort(),
          env,
          stop: { timeout: '500ms' },
          health: { ...QUICK, http: '/' },
        };
        await using at = new Services({ messy: service });
        await at.up();
        const { pid = 0, port = 0 } = await at.service('messy');
        const before = await until('its child', () => at.processesOf('messy'), { isTrue: all => all.length === 2 });
        const diedAt = performance.now();
        await ask(port, '/die').catch(() => {});
        const after = await at.until('messy', seen => seen.running && seen.pid !== pid);
        numbers['serves again after ms'] = Math.round(performance.now() - diedAt);
        assert.equal(Number(await bodyOf(port)), after.pid);
        assert.deepEqual(before.filter(isAlive), []);
        assert.equal((await at.run('stop', 'sup/messy')).code, 0);
        assert.deepEqual([at.processesOf('messy'), listenersOn(port)], [[], []]);
      },
    );
  }
});
