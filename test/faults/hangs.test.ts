import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { bodyOf } from '../support/client.js';
import { assertLostAtMost, assertNoneFailed } from '../support/faults/criteria.js';
import { fault, full } from '../support/faults/fault.js';
import { connectionsOf } from '../support/faults/processes.js';
import { NAME, start, until } from '../support/faults/subject.js';
import { fixture } from '../support/fixtures.js';
import { startLoad } from '../support/load/load.js';

const HANG_MS = full(5_000, 3_000);
/** A worker's boot on a busy machine. */
const BOOT_MS = full(2_000, 4_000);
const WITHIN_MS = HANG_MS + BOOT_MS + 1_000;
const LIMIT = ['--hang-after', `${HANG_MS}ms`];
/** Loads of a hung worker's own connections end with it: a limit below the client's ten seconds keeps them from counting as hung. */

suite('hangs', { concurrency: full(1, 3) }, () => {
  fault(
    'a worker in an endless loop',
    `replaced within ${WITHIN_MS} ms, the line of the loop told by why, lost ≤ its connections, 0 hung`,
    async numbers => {
      await using subject = await start(fixture('faults/misbehaves-on-request.js'), { args: LIMIT });
      using load = startLoad(['L1', 'L3'], subject);
      await load.more(50);
      const before = (await subject.ready()).map(({ pid }) => pid);
      const startedAt = performance.now();
      void bodyOf(subject.port, '/spin').catch(() => {});
      await until('one was replaced', async () => {
        const now = (await subject.ready()).map(({ pid }) => pid);
        return now.length === 2 && now.some(pid => !before.includes(pid));
      });
      numbers['replaced after ms'] = Math.round(performance.now() - startedAt);
      await until('the hung one is gone', () => before.some(pid => !subject.left().includes(pid)));
      await load.more(50);
      const open = Number(/^open (\d+)$/m.exec(subject.output())?.[1]);
      assertLostAtMost(numbers, await load.stop(), open);
      const { stdout } = await subject.command('why', NAME);
      assert.match(stdout, /misbehaves-on-request\.js:1[0-9]/);
      assert.ok(Number(numbers['replaced after ms']) <= WITHIN_MS);
    },
    { needs: ['hangs'] },
  );

  fault(
    'a worker that was stopped by SIGSTOP',
    `replaced within ${WITHIN_MS} ms, lost ≤ its connections, 0 hung`,
    async numbers => {
      await using subject = await start(undefined, { args: LIMIT });
      using load = startLoad(['L1', 'L3'], subject);
      await load.more(50);
      const [victim = 0] = (await subject.ready()).map(({ pid }) => pid);
      subject.kill(victim, 'SIGSTOP');
      const startedAt = performance.now();
      const open = connectionsOf(victim, [subject.port]);
      await subject.whole(2, [victim]);
      numbers['replaced after ms'] = Math.round(performance.now() - startedAt);
      await until('it is gone', () => !subject.left().includes(victim));
      await load.more(50);
      assertLostAtMost(numbers, await load.stop(), open);
      assert.ok(Number(numbers['replaced after ms']) <= WITHIN_MS);
    },
    { needs: ['hangs'] },
  );

  const frozenMs = full(30_000, 5_000);
  fault(`the master is stopped for ${frozenMs} ms, longer than any patience`, '0 failed, no worker called hung or killed', async numbers => {
    await using subject = await start(undefined, { args: ['--hang-after', `${full(7_500, 3_500)}ms`, '--start-timeout', '10s'] });
    const master = await subject.master();
    const before = (await subject.ready()).map(({ pid }) => pid);
    using load = startLoad(['L1', 'L3'], subject);
    subject.kill(master, 'SIGSTOP');
    await new Promise(resolve => setTimeout(resolve, frozenMs)); // The fault itself.
    subject.kill(master, 'SIGCONT');
    await load.more(full(3_000, 300)); // Time enough to do something rash.
    assertNoneFailed(numbers, await load.stop(), 300);
    assert.deepEqual(
      (await subject.ready()).map(({ pid }) => pid),
      before,
    );
    assert.deepEqual(
      (await subject.facts('child-moved')).filter(({ to }) => to === 'hung'),
      [],
    );
  });
});
