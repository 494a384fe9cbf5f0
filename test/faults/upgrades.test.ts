import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { assertNoneFailed } from '../support/faults/criteria.js';
import { BUILT, fault, full } from '../support/faults/fault.js';
import { listenersOn, openDescriptors } from '../support/faults/processes.js';
import { NAME, type Subject, start, until } from '../support/faults/subject.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { startLoad } from '../support/load/load.js';
import type { LoadName } from '../support/load/loads.js';

const LOADS: readonly (readonly LoadName[])[] = full([['L1'], ['L2'], ['L3'], ['L7']], [['L1', 'L3']]);
const ROUNDS = full(10, 2);
const REQUESTS = full(3_000, 200);
const NEEDS = { needs: ['upgrade'] } as const;
const SLOW = fixture('faults/boots-slowly.js');

/** The master that an upgrade brings, as soon as it is there. */
async function newcomer(subject: Subject, old: number): Promise<number> {
  return (await until('a new master', () => subject.children().find(pid => pid !== old))) ?? 0;
}

suite('upgrades', { concurrency: 1 }, () => {
  for (const names of LOADS) {
    fault(
      `${ROUNDS} upgrades under ${names.join(', ')}`,
      `0 failed of ≥ ${REQUESTS} each, one listening socket, the same all along`,
      async numbers => {
        await using subject = await start();
        using load = startLoad(names, subject);
        const sockets = listenersOn(subject.port);
        for (let round = 0; round < ROUNDS; round++) {
          await load.more(50);
          const master = await subject.master();
          const { code, stderr } = await subject.command('upgrade', NAME);
          assert.equal(code, 0, stderr);
          assert.notEqual(await subject.master(), master);
          assert.deepEqual(listenersOn(subject.port), sockets);
        }
        await load.total(REQUESTS);
        numbers['listening sockets'] = sockets.length;
        assertNoneFailed(numbers, await load.stop(), REQUESTS);
        assert.equal(sockets.length, 1);
        await until('one master', () => subject.children().length === 1);
      },
      NEEDS,
    );
  }

  const many = full(50, 3);
  fault(
    `${many} upgrades`,
    "the keeper's descriptors ± 2",
    async numbers => {
      await using subject = await start();
      const upgrade = async () => {
        assert.equal((await subject.command('upgrade', NAME)).code, 0);
        await until('one master', () => subject.children().length === 1);
      };
      await upgrade(); // What the first one opens for good.
      const before = openDescriptors(subject.pid);
      for (let round = 1; round < many; round++) await upgrade();
      numbers['descriptors before'] = before;
      numbers['descriptors after'] = openDescriptors(subject.pid);
      assert.ok(Math.abs(openDescriptors(subject.pid) - before) <= 2);
    },
    NEEDS,
  );

  for (const [what, signal] of [
    ['crashes', 'SIGKILL'],
    ['hangs', 'SIGSTOP'],
  ] as const) {
    fault(
      `an upgrade whose new master ${what}`,
      'rolled back: the command fails, the old master and its workers serve on, 0 failed',
      async numbers => {
        await using subject = await start(SLOW, { env: { BOOT_MS: '700' }, args: ['--upgrade-timeout', '3s'] });
        using load = startLoad(['L1', 'L3'], subject);
        const master = await subject.master();
        const workers = (await subject.ready()).map(({ pid }) => pid);
        await load.more(50);
        const upgrading = subject.command('upgrade', NAME);
        subject.kill(await newcomer(subject, master), signal);
        numbers['exit code'] = (await upgrading).code ?? -1;
        await load.more(50);
        assertNoneFailed(numbers, await load.stop(), 100);
        assert.notEqual(numbers['exit code'], 0);
        await until('the newcomer is gone', () => subject.children().length === 1);
        assert.deepEqual([await subject.master(), ...(await subject.ready()).map(({ pid }) => pid)], [master, ...workers]);
      },
      NEEDS,
    );
  }

  fault(
    'an upgrade whose new workers do not boot',
    'rolled back: the command fails, the old master and its workers serve on, 0 failed',
    async numbers => {
      using folder = emptyFolder();
      const BROKEN = join(folder.path, 'broken');
      await using subject = await start(fixture('faults/breaks-when-told.js'), { env: { BROKEN, HOW: 'throws' } });
      using load = startLoad(['L1', 'L3'], subject);
      const master = await subject.master();
      const workers = (await subject.ready()).map(({ pid }) => pid);
      await load.more(50);
      writeFileSync(BROKEN, '');
      const { code, stderr } = await subject.command('upgrade', NAME);
      rmSync(BROKEN);
      await load.more(50);
      numbers['exit code'] = code ?? -1;
      assertNoneFailed(numbers, await load.stop(), 100);
      assert.notEqual(code, 0);
      if (BUILT.upgradeReason) assert.match(stderr, /this build is broken/);
      assert.deepEqual([await subject.master(), ...(await subject.ready()).map(({ pid }) => pid)], [master, ...workers]);
    },
    NEEDS,
  );

  fault(
    'kill -9 of the old master in the middle of an upgrade',
    '0 failed, 0 hung, one master and two workers in the end',
    async numbers => {
      await using subject = await start(SLOW, { env: { BOOT_MS: '700' } });
      using load = startLoad(['L1', 'L3'], subject);
      const master = await subject.master();
      await load.more(50);
      subject.signal('SIGUSR2');
      await newcomer(subject, master);
      subject.kill(master);
      await until('one new master', () => subject.children().length === 1 && !subject.children().includes(master));
      await subject.whole(2);
      await load.more(50);
      assertNoneFailed(numbers, await load.stop(), 100);
    },
    NEEDS,
  );

  fault(
    'two SIGUSR2',
    'one new master, 0 failed',
    async numbers => {
      await using subject = await start(SLOW, { env: { BOOT_MS: '500' } });
      using load = startLoad(['L1', 'L3'], subject);
      const old = await subject.master();
      const seen = new Set<number>();
      subject.signal('SIGUSR2');
      await newcomer(subject, old);
      subject.signal('SIGUSR2');
      await until('one new master', () => {
        for (const pid of subject.children()) seen.add(pid);
        return !subject.children().includes(old);
      });
      await load.more(full(1_000, 100));
      for (const pid of subject.children()) seen.add(pid);
      numbers['masters'] = seen.size;
      assertNoneFailed(numbers, await load.stop(), 100);
      assert.equal(seen.size, 2);
    },
    NEEDS,
  );
});
