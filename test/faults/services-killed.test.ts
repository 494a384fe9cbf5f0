import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'node:test';
import { bodyOf } from '../support/client.js';
import { fault, full, type Numbers } from '../support/faults/fault.js';
import { kill, range, Services } from '../support/faults/services.js';
import { isAlive, until } from '../support/faults/subject.js';
import { fixture } from '../support/fixtures.js';
import { gone } from '../support/gone.js';
import { program, serving } from '../support/services.js';

const SLEEPS = { exec: 'sleep', args: ['1000'] };
/** Each of one process, some after others. */
const five = () => ({
  web: serving(range(), { dependsOn: { db: 'started' } }),
  db: serving(range()),
  slow: { exec: program('takes-its-time-to-leave'), dependsOn: { db: 'ready' } },
  plain: SLEEPS,
  ticks: { exec: program('ticks') },
});
const NAMES = ['web', 'db', 'slow', 'plain', 'ticks'];

const evenly = (count: number, most: number) => Array.from({ length: count }, (_, n) => Math.round((most * n) / (count - 1)));
/** The moment of the fault: the case is killed there, whatever it is doing. */
const after = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

/** One that dies in the moment of its adoption, because nobody reads what it writes any more, is started again. Two there are never. */
async function assertOneEach(at: Services): Promise<void> {
  const look = async () => {
    const counts = NAMES.map(name => at.processesOf(name).length);
    assert.ok(Math.max(...counts) < 2, NAMES.map(name => `${name} ${at.processesOf(name)}`).join(', '));
    return { running: (await at.services()).map(({ running }) => running), counts };
  };
  const isTrue = ({ running, counts }: Awaited<ReturnType<typeof look>>) => running.every(Boolean) && counts.every(count => count === 1);
  await until('each runs once', look, { isTrue });
}

/** By a supervisor that takes over, or by the command. */
async function assertMended(at: Services, isByCleanup: boolean, numbers: Numbers): Promise<void> {
  const found = NAMES.reduce((sum, name) => sum + at.processesOf(name).length, 0);
  if (isByCleanup) {
    assert.equal((await at.run('cleanup')).code, 0);
    await at.nothingLeft(1_000);
    numbers['ended by cleanup'] = Number(numbers['ended by cleanup'] ?? 0) + found;
    return;
  }
  const { pid } = await at.up();
  numbers['adopted'] = Number(numbers['adopted'] ?? 0) + (await at.facts('service-adopted')).length;
  await assertOneEach(at);
  numbers['twice'] = 0;
  kill(pid);
  await gone([pid]);
  assert.equal((await at.run('cleanup')).code, 0);
  await at.nothingLeft(1_000);
}

suite('supervisors that are killed', { concurrency: 2 }, () => {
  const upMs = full(1_500, 1_200);
  fault(
    `kill -9 of a supervisor at ${full(31, 4)} moments of its first ${upMs} ms`,
    'each service exactly once after the next up, nothing left after cleanup',
    async numbers => {
      await using at = new Services(five());
      for (const [n, ms] of evenly(full(31, 4), upMs).entries()) {
        const up = at.launch();
        await after(ms);
        kill(up.pid);
        await up.exited;
        await assertMended(at, n % 3 === 2, numbers);
        numbers['kills'] = n + 1;
      }
    },
    { limitMs: full(240_000, 60_000) },
  );

  fault(
    `kill -9 of a supervisor at ${full(21, 3)} moments of its down`,
    'each service exactly once after the next up, nothing left after cleanup',
    async numbers => {
      await using at = new Services(five());
      for (const [n, ms] of evenly(full(21, 3), 500).entries()) {
        const up = await at.up();
        kill(up.pid, 'SIGTERM');
        await after(ms);
        kill(up.pid);
        const { signal } = await up.exited;
        numbers['killed before it ended'] = Number(numbers['killed before it ended'] ?? 0) + Number(signal === 'SIGKILL');
        await assertMended(at, n % 3 === 1, numbers);
        numbers['kills'] = n + 1;
      }
    },
    { limitMs: full(240_000, 60_000) },
  );

  fault('what adopted services write, and a death among them', 'lines flow on without a gap; the dead one is started again; down ends all', async numbers => {
    await using at = new Services({ ticks: { exec: program('ticks') }, web: serving(range()), plain: SLEEPS });
    const { pid } = await at.up();
    const ticks = () => [...at.log().matchAll(/tick (\d+)/g)].map(([, tick]) => Number(tick));
    await until('some lines', () => ticks().length > 3);
    const before = await at.services();
    kill(pid);
    await gone([pid]);
    const then = ticks().length;
    await until('lines without a supervisor', () => ticks().length > then + 3);
    const second = await at.up();
    const adopted = await at.services();
    assert.deepEqual(
      adopted.map(service => service.pid),
      before.map(service => service.pid),
    );
    const seen = ticks().length;
    await until('lines under the next one', () => ticks().length > seen + 5);
    const all = ticks();
    numbers['lines'] = all.length;
    assert.deepEqual(
      all,
      all.map((_, n) => n),
    );
    const web = adopted.find(({ name }) => name === 'web');
    kill(web?.pid ?? 0);
    const restarted = await at.until('web', seen => seen.running && seen.pid !== web?.pid);
    assert.equal((JSON.parse(await bodyOf(restarted.port ?? 0)) as { pid: number }).pid, restarted.pid);
    kill(second.pid, 'SIGTERM');
    assert.deepEqual(await second.exited, { code: 0, signal: null });
    await at.nothingLeft(3_000);
  });

  fault('a daemon that was adopted', 'a stop asks it before it is killed', async numbers => {
    await using at = new Services({});
    const pidFile = join(at.folder, 'daemon.pid');
    const health = { http: '/', interval: '200ms' };
    at.project.describe({ daemon: { exec: program('puts-itself-into-the-background'), pidFile, port: range(), health, env: { PID_FILE: pidFile } } });
    const up = await at.up();
    const { pid = 0, status } = await at.service('daemon');
    assert.equal(status, 'running');
    kill(up.pid);
    await up.exited;
    await at.up();
    const adopted = await at.service('daemon');
    assert.deepEqual([adopted.pid, adopted.running], [pid, true]);
    assert.equal((await at.run('stop', 'sup/daemon')).code, 0);
    const steps = (await at.facts('service-stop-step')).map(({ step }) => step);
    numbers['steps'] = steps.join(', ');
    assert.deepEqual([steps, isAlive(pid)], [['SIGTERM'], false]);
  });

  fault('kill -9 while a service is on its way out', 'the next up waits until it is gone, starts another one, and has not failed', async numbers => {
    await using at = new Services({ slow: { exec: program('takes-its-time-to-leave'), port: range(), health: { http: '/' }, env: { LEAVING_MS: 2_000 } } });
    const up = await at.up();
    const { pid = 0 } = await at.service('slow');
    kill(up.pid, 'SIGTERM');
    await at.fact('service-stop-step', () => true);
    kill(up.pid);
    await up.exited;
    const { code, stderr } = await at.run('up', at.file, '--name', 'sup', '--daemon');
    numbers['exit code'] = code ?? 'none';
    assert.equal(code, 0, stderr);
    const now = await at.service('slow');
    assert.deepEqual([now.running, at.processesOf('slow')], [true, [now.pid]]);
    assert.notEqual(now.pid, pid);
  });

  fault('kill -9 in the middle of a stop command', 'the command is not taken for the service: that one is adopted, once', async numbers => {
    const stop = { command: ['sleep', '3'] };
    await using at = new Services({ web: serving(range(), { stop }), cluster: { cluster: { entry: fixture('apps/plain.js'), workers: 1 }, port: range() } });
    const up = await at.up();
    const before = await at.services();
    kill(up.pid, 'SIGTERM');
    await at.fact('service-stopping', ({ service }) => service === 'web');
    await until('the command runs', () => at.processesOf('web').length === 2);
    kill(up.pid);
    await up.exited;
    await at.up();
    const after = await at.until('web', ({ running }) => running);
    const adopted = (await at.facts('service-adopted')).map(({ service }) => service).filter(name => name !== 'cluster');
    numbers['adopted'] = adopted.length;
    assert.deepEqual([adopted.toSorted(), after.pid], [['web'], before[0]?.pid]);
    await at.until('cluster', ({ running }) => running);
  });
});
