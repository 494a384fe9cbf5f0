import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { bodyOf } from '../support/client.js';
import { assertNoneFailed, note } from '../support/faults/criteria.js';
import { fault, full, type Numbers } from '../support/faults/fault.js';
import { familyOf, listenersOn } from '../support/faults/processes.js';
import { isAlive, launch, NAME, type Subject, start, until } from '../support/faults/subject.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { countOf } from '../support/load/account.js';
import { startLoad } from '../support/load/load.js';

/** Further apart than what counts as one act. */
const KEYSTROKE_MS = 80;
const keystroke = () => new Promise(resolve => setTimeout(resolve, KEYSTROKE_MS));

const isClosed = (subject: Subject) => until('newcomers are refused', () => listenersOn(subject.port).length === 0);

function filesLeft({ home }: Subject): string[] {
  const folder = join(home.path, 'run');
  return existsSync(folder) ? readdirSync(folder).filter(name => name.startsWith(NAME)) : [];
}

/** Exit 0, no process, no file. */
async function assertClean(numbers: Numbers, subject: Subject, limitMs: number): Promise<void> {
  const askedAt = performance.now();
  const exit = await subject.exited;
  const tookMs = Math.round(performance.now() - askedAt);
  Object.assign(numbers, { 'exit code': exit.code ?? String(exit.signal), 'took ms': tookMs });
  await subject.nothingLeft(2_000);
  assert.deepEqual(exit, { code: 0, signal: null }, subject.output());
  assert.ok(tookMs <= limitMs, `${tookMs} ms`);
  assert.deepEqual(filesLeft(subject), []);
}

const CLEAN = 'exit 0, no process and no file left';

suite('stops', { concurrency: 2 }, () => {
  fault('SIGTERM during the start', `${CLEAN} within 6 s`, async numbers => {
    await using subject = await launch(fixture('faults/boots-slowly.js'), { env: { BOOT_MS: '30000' } });
    await until('workers boot', () => {
      const booting = familyOf('APP_CLUSTER_WORKER_INDEX', '0');
      return subject.left().some(pid => booting.includes(pid));
    });
    subject.signal('SIGTERM');
    await assertClean(numbers, subject, 6_000);
  });

  for (const kind of ['L1', 'L2', 'L3'] as const)
    fault(`a stop under ${kind}`, `${CLEAN} within 8 s, 0 cut, 0 hung, at most 3 reset, who came in the moment of the last close`, async numbers => {
      await using subject = await start();
      using load = startLoad([kind], subject);
      await load.more(full(200, 1_000));
      subject.signal('SIGTERM');
      await assertClean(numbers, subject, 8_000);
      const accounts = await load.stop();
      note(numbers, accounts);
      for (const loss of ['cut', 'resetReused', 'hung'] as const) assert.equal(countOf(loss, ...Object.values(accounts)), 0, loss);
      assert.ok(countOf('resetFresh', ...Object.values(accounts)) <= 3);
    });

  fault('SIGTERM during a reload', `${CLEAN} within 8 s, 0 cut, 0 hung`, async numbers => {
    await using subject = await start(undefined, { env: {} });
    using load = startLoad(['L1', 'L3'], subject);
    await load.more(50);
    const before = (await subject.ready()).map(({ pid }) => pid);
    subject.signal('SIGHUP');
    await until('the reload is under way', async () => (await subject.status()).workers.some(({ pid }) => !before.includes(pid)));
    subject.signal('SIGTERM');
    await assertClean(numbers, subject, 8_000);
    const accounts = await load.stop();
    note(numbers, accounts);
    assert.equal(countOf('cut', ...Object.values(accounts)) + countOf('hung', ...Object.values(accounts)), 0);
  });

  fault('SIGTERM during a back-off', `${CLEAN} within 6 s`, async numbers => {
    using folder = emptyFolder();
    const BROKEN = join(folder.path, 'broken');
    await using subject = await start(fixture('faults/slot-1-crashes.js'), { env: { BROKEN } });
    writeFileSync(BROKEN, '');
    await until('a delay', async () => (await subject.facts('backing-off')).length >= 3);
    subject.signal('SIGTERM');
    await assertClean(numbers, subject, 6_000);
  });

  fault(
    'SIGTERM during an upgrade',
    `${CLEAN} within 8 s`,
    async numbers => {
      await using subject = await start(fixture('faults/boots-slowly.js'), { env: { BOOT_MS: '1500' } });
      const master = await subject.master();
      subject.signal('SIGUSR2');
      await until('two masters', () => subject.children().length > 1);
      assert.ok(subject.children().includes(master));
      subject.signal('SIGTERM');
      await assertClean(numbers, subject, 8_000);
    },
    { needs: ['upgrade'] },
  );

  for (const [times, least, most] of [
    [2, 1_500, full(4_000, 6_000)],
    [3, 0, full(1_500, 4_000)],
  ] as const) {
    fault(`SIGTERM ${times} times with a request that takes a minute`, `gone ${least} … ${most} ms after the last, exit 0, nothing left`, async numbers => {
      await using subject = await start();
      const answer = bodyOf(subject.port, '/?ms=60000').catch((error: Error) => error.message);
      await bodyOf(subject.port);
      subject.signal('SIGTERM');
      await isClosed(subject);
      for (let sent = 1; sent < times; sent++) {
        await keystroke();
        subject.signal('SIGTERM');
      }
      const lastAt = performance.now();
      await assertClean(numbers, subject, most);
      assert.ok(performance.now() - lastAt >= least, `${performance.now() - lastAt} ms`);
      await answer;
    });
  }

  const misdeeds: readonly (readonly [string, string, string | undefined])[] = [
    ['ignores SIGTERM', 'apps/ignores-sigterm.js', undefined],
    ['spins', 'faults/misbehaves-on-request.js', '/spin'],
  ];
  for (const [how, entry, path] of misdeeds) {
    fault(`a stop of a worker that ${how}`, `${CLEAN} within 4 s of a budget of 1 s`, async numbers => {
      await using subject = await start(fixture(entry), { args: ['--stop-timeout', '1s'] });
      if (path) {
        await until('its plain port is open, too', () => subject.isAccepting());
        void bodyOf(subject.port, path).catch(() => {});
        await until('it spins', () => subject.output().includes('open '));
      }
      subject.signal('SIGTERM');
      await assertClean(numbers, subject, 4_000);
    });
  }

  fault('a stop of workers whose children have sessions of their own', 'all 6 children gone, or named as survivors', async numbers => {
    await using subject = await start(fixture('faults/spawns-detached-children.js'), { args: ['--stop-timeout', '1s'] });
    const children = new Set<number>();
    await until('the children of both', async () => {
      for (const pid of JSON.parse(await bodyOf(subject.port)) as number[]) children.add(pid);
      return children.size === 6;
    });
    subject.signal('SIGTERM');
    const { code } = await subject.exited;
    const isUnnamed = (pid: number) => isAlive(pid) && !subject.output().includes(String(pid));
    const left = [...children].filter(isAlive);
    Object.assign(numbers, { 'exit code': code, 'children left': left.length });
    const unnamed = [...children].filter(isUnnamed);
    for (const pid of left) subject.kill(pid);
    assert.deepEqual(unnamed, []);
  });

  const duckMs = full(5_000, 3_000);
  fault(
    `a stop that goes on serving for ${duckMs} ms`,
    `0 failed until then, gone after ${duckMs} … ${duckMs + 6_000} ms`,
    async numbers => {
      await using subject = await start(undefined, { args: ['--lame-duck', `${duckMs}ms`] });
      using load = startLoad(['L1', 'L3'], subject);
      await load.more(50);
      const askedAt = performance.now();
      subject.signal('SIGTERM');
      await until('the balancer would know', async () => !(await subject.isAccepting()));
      await load.more(50);
      const accounts = await load.stop();
      assertNoneFailed(numbers, accounts, 100);
      assert.ok(performance.now() - askedAt < duckMs, 'too slow to say anything');
      await assertClean(numbers, subject, duckMs + 6_000);
      assert.ok(performance.now() - askedAt >= duckMs);
    },
    { needs: ['lameDuck'] },
  );

  for (const how of ['nobody reads its output any more', 'its stdio was closed from the start'] as const) {
    fault(`a reload and a stop when ${how}`, '0 failed, exit 0', async numbers => {
      await using subject = await start(undefined, { stdio: how.startsWith('its') ? 'closed' : 'pipe' });
      using load = startLoad(['L1', 'L3'], subject);
      subject.closeOutput();
      await load.more(50);
      await (await subject.client()).reload();
      await load.more(50);
      assertNoneFailed(numbers, await load.stop(), 100);
      subject.signal('SIGTERM');
      await assertClean(numbers, subject, 8_000);
    });
  }
});
