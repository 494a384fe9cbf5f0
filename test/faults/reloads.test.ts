import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'node:test';
import { assertNoneFailed, note } from '../support/faults/criteria.js';
import { BUILT, fault, full } from '../support/faults/fault.js';
import { NAME, start } from '../support/faults/subject.js';
import { emptyFolder, fixture } from '../support/fixtures.js';
import { countOf } from '../support/load/account.js';
import { startLoad } from '../support/load/load.js';
import type { LoadName } from '../support/load/loads.js';

/** Two processes read the time. */
const CLOCK_MS = 50;
const ROUNDS = full(5, 2);
const REQUESTS = full(3_000, 200);
/** In full each load for itself; else those that leave each other room at once. */
const LOADS: readonly (readonly LoadName[])[] = full(
  [['L1'], ['L2'], ['L3'], ['L7']],
  [
    ['L1', 'L3'],
    ['L2', 'L7'],
  ],
);

/** Short: idle connections are handed over, nobody has to ask again before they close. TLS cannot be. */
const lingerOf = (names: readonly LoadName[]) => (BUILT.handOver && !names.includes('L7') ? ['--linger', '200ms'] : []);

suite('reloads', { concurrency: full(1, 2) }, () => {
  for (const names of LOADS) {
    fault(`${ROUNDS} reloads under ${names.join(', ')}`, `0 failed, 0 hung of ≥ ${REQUESTS} each`, async numbers => {
      await using subject = await start(undefined, { args: lingerOf(names) });
      using load = startLoad(names, subject);
      const client = await subject.client();
      for (let round = 0; round < ROUNDS; round++) {
        await load.more(full(50, 20));
        await client.reload();
      }
      await load.total(REQUESTS);
      assertNoneFailed(numbers, await load.stop(), REQUESTS);
      assert.equal((await subject.status()).generation, ROUNDS + 1);
    });
  }

  const slowMs = full(5_000, 800);
  fault(`a reload under slow answers and slow uploads of ${slowMs} ms`, '0 failed of ≥ 16 each', async numbers => {
    await using subject = await start(undefined, { args: ['--linger', '300ms'] });
    using load = startLoad(['L4', 'L5'], { ...subject, slowMs });
    await load.more(1); // So that others are under way.
    await (await subject.client()).reload();
    await load.more(8);
    assertNoneFailed(numbers, await load.stop(), 16);
  });

  const drainMs = full(6_000, 1_500);
  fault(
    'streams and upgraded sockets live through a reload until the deadline of the drain',
    `each of 8 ends ≥ ${drainMs} ms after its worker began to drain`,
    async numbers => {
      await using subject = await start(undefined, { args: ['--stop-timeout', `${14_000 + drainMs}ms`] }); // 7 s each for the ends of apps and agent.
      using load = startLoad(['L6'], subject);
      await load.total(8);
      await (await subject.client()).reload();
      const { L6 } = await load.stop();
      assert.ok(L6);
      note(numbers, { L6 });
      const drains = (await subject.timedFacts('child-moved')).filter(({ event }) => event.to === 'draining');
      const lives = L6.ends.map(({ pid, at }) => at - (drains.find(({ event }) => String(event.pid) === pid)?.at ?? Number.NaN));
      numbers['lives in ms'] = lives.toSorted((a, b) => a - b).join(' ');
      assert.equal(lives.length, 8);
      assert.ok(Math.min(...lives) >= drainMs - CLOCK_MS, `${lives}`);
      assert.equal(countOf('hung', L6), 0);
    },
  );

  for (const how of ['throws', 'never-listens', 'exits-soon'] as const) {
    fault(
      `a reload to a build that ${how}`,
      '0 failed, the old generation whole, the command fails',
      async numbers => {
        using folder = emptyFolder();
        const broken = join(folder.path, 'broken');
        await using subject = await start(fixture('faults/breaks-when-told.js'), {
          env: { BROKEN: broken, HOW: how },
          args: ['--start-timeout', full('5s', '3s')],
        });
        using load = startLoad(['L1', 'L3'], subject);
        const before = (await subject.ready()).map(({ pid }) => pid);
        await load.more(20);
        writeFileSync(broken, '');
        const { code, stderr } = await subject.command('reload', NAME).finally(() => rmSync(broken));
        await load.more(20);
        assertNoneFailed(numbers, await load.stop(), 40);
        numbers['exit code'] = code ?? -1;
        assert.equal(code, 1, stderr);
        assert.deepEqual(
          (await subject.ready()).map(({ pid }) => pid),
          before,
        );
      },
      { needs: how === 'exits-soon' ? ['canary'] : [] },
    );
  }

  fault('20 SIGHUP in a second', '≤ 2 reloads, 0 failed', async numbers => {
    await using subject = await start(undefined, { args: ['--linger', '300ms'] });
    using load = startLoad(['L1', 'L3'], subject);
    await load.more(50);
    for (let sent = 0; sent < 20; sent++) {
      subject.signal('SIGHUP');
      await new Promise(resolve => setTimeout(resolve, 50)); // The pace of the fault itself.
    }
    const isOver = async () => (await subject.facts('cluster-reloaded')).length;
    await load.more(full(1_000, 100));
    const client = await subject.client();
    await client.reload(); // Ends after those that were asked for before.
    const reloads = (await isOver()) - 1;
    numbers['reloads'] = reloads;
    assertNoneFailed(numbers, await load.stop(), 150);
    assert.ok(reloads >= 1 && reloads <= 2, `${reloads} reloads`);
  });
});
