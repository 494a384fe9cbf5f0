import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { assertLostAtMost, assertNoneFailed, note } from '../support/faults/criteria.js';
import { fault, full } from '../support/faults/fault.js';
import { listenersOn, openDescriptors } from '../support/faults/processes.js';
import { isAlive, start, until } from '../support/faults/subject.js';
import { countOf } from '../support/load/account.js';
import { startLoad } from '../support/load/load.js';
import type { LoadName } from '../support/load/loads.js';

const LOADS: readonly (readonly LoadName[])[] = full([['L1'], ['L2'], ['L3'], ['L7']], [['L1', 'L3']]);
const ROUNDS = full(3, 2);

suite('deaths of masters and keepers', { concurrency: 1 }, () => {
  for (const names of LOADS) {
    fault(
      `kill -9 of the master, ${ROUNDS} times, under ${names.join(', ')}`,
      '0 failed, 0 hung, the keeper and its one socket stay',
      async numbers => {
        await using subject = await start();
        using load = startLoad(names, subject);
        const sockets = listenersOn(subject.port);
        await load.more(50);
        const descriptors = openDescriptors(subject.pid);
        for (let round = 0; round < ROUNDS; round++) {
          const master = await subject.master();
          assert.notEqual(master, subject.pid);
          const workers = (await subject.ready()).map(({ pid }) => pid);
          subject.kill(master);
          await subject.whole(2, workers);
          await load.more(50);
        }
        await until('no descriptors leaked', () => openDescriptors(subject.pid) - descriptors, { isTrue: more => more <= 0, limitMs: 5_000 });
        await load.total(full(3_000, 200));
        assertNoneFailed(numbers, await load.stop(), full(3_000, 200));
        assert.deepEqual(listenersOn(subject.port), sockets);
        assert.equal(sockets.length, 1);
      },
      { needs: ['keeper'] },
    );
  }

  for (const [whom, isMasterToo, needs] of [
    ['the keeper', false, ['keeper']],
    ['the keeper and the master at once', true, []],
  ] as const)
    fault(
      `kill -9 of ${whom}`,
      'everybody leaves within the budget of 16 s, nothing hung, the next start works',
      async numbers => {
        await using subject = await start(undefined, { args: ['--stop-timeout', '16s'] });
        using load = startLoad(['L1', 'L3'], subject);
        await load.more(50);
        const victims = new Set([subject.pid, ...(isMasterToo ? [await subject.master()] : [])]);
        const killedAt = performance.now();
        for (const pid of victims) subject.kill(pid);
        await subject.nothingLeft(16_000);
        numbers['gone after ms'] = Math.round(performance.now() - killedAt);
        await using next = await start(undefined, { after: subject });
        await load.more(50);
        const accounts = await load.stop();
        note(numbers, accounts);
        assert.equal(countOf('hung', ...Object.values(accounts)) + countOf('cut', ...Object.values(accounts)), 0);
        assert.ok(isAlive(next.pid));
      },
      { needs },
    );

  fault(
    'the master dies while a worker is dead',
    '0 refused, 0 hung, two workers again',
    async numbers => {
      await using subject = await start();
      using load = startLoad(['L1'], subject);
      await load.more(50);
      const master = await subject.master();
      const workers = (await subject.ready()).map(({ pid }) => pid);
      subject.kill(workers[0] ?? 0);
      subject.kill(master);
      await subject.whole(2, workers);
      await load.more(50);
      assertLostAtMost(numbers, await load.stop(), 16); // As many as there are clients: one of two workers had them.
    },
    { needs: ['keeper'] },
  );
});
