import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { assertNoneFailed } from '../support/faults/criteria.js';
import { fault, full } from '../support/faults/fault.js';
import { listenersOn } from '../support/faults/processes.js';
import { start, until } from '../support/faults/subject.js';
import { startLoad } from '../support/load/load.js';

suite('inherited sockets', { concurrency: 1 }, () => {
  for (const name of full(['L1', 'L2', 'L3'] as const, ['L1'] as const)) {
    fault(
      `two full restarts on a socket that somebody else holds, under ${name}`,
      '0 failed, 0 refused, one listening socket',
      async numbers => {
        const STARTS = 3;
        await using subject = await start(undefined, { holdSocketFor: STARTS });
        const started = () => [...subject.output().matchAll(/^holder started (\d+)$/gm)].map(([, pid]) => Number(pid));
        using load = startLoad([name], subject);
        for (let round = 1; round < STARTS; round++) {
          await load.more(50);
          const workers = (await subject.whole()).map(({ pid }) => pid);
          subject.kill(started().at(-1) ?? 0, 'SIGTERM');
          await until('started again', () => started().length > round);
          await subject.whole(2, workers);
        }
        await load.total(full(3_000, 200));
        numbers['listening sockets'] = listenersOn(subject.port).length;
        assertNoneFailed(numbers, await load.stop(), full(3_000, 200));
        assert.equal(listenersOn(subject.port).length, 1);
      },
      { needs: ['inheritedSockets'] },
    );
  }
});
