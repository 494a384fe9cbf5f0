import assert from 'node:assert/strict';
import { suite } from 'node:test';
import { assertNoneFailed } from '../support/faults/criteria.js';
import { BUILT, type FaultOptions, fault, full } from '../support/faults/fault.js';
import { start } from '../support/faults/subject.js';
import { fixture } from '../support/fixtures.js';
import { startLoad } from '../support/load/load.js';
import type { LoadName } from '../support/load/loads.js';

const REQUESTS = full(3_000, 200);
const LOADS: readonly (readonly LoadName[])[] = full([['L1'], ['L2'], ['L3']], [['L1', 'L3']]);
/** Short: idle connections are handed over, nobody has to ask again before they close. */
const LINGER = BUILT.handOver ? ['--linger', '200ms'] : [];

suite('scaling and recycling', { concurrency: 1 }, () => {
  for (const names of LOADS) {
    fault(`scale 2 → 4 → 1 under ${names.join(', ')}`, `0 failed of ≥ ${REQUESTS} each`, async numbers => {
      await using subject = await start(undefined, { args: LINGER });
      using load = startLoad(names, subject);
      const client = await subject.client();
      await load.more(20);
      await client.scale(4);
      assert.equal((await subject.whole(4)).length, 4);
      await load.more(50);
      await client.scale(1);
      await subject.whole(1);
      await load.total(REQUESTS);
      assertNoneFailed(numbers, await load.stop(), REQUESTS);
    });
  }

  const recycles: readonly (readonly [string, readonly string[], string, FaultOptions])[] = [
    ['requests', ['--max-requests', '300'], 'faults/answers-every-load.js', { needs: ['limits'] }],
    ['age', ['--max-age', '2s'], 'faults/answers-every-load.js', { needs: ['limits'] }],
    ['memory', ['--max-memory', '120M'], 'faults/grows-with-requests.js', { needs: ['limits'] }],
  ];
  for (const [limit, args, entry, options] of recycles) {
    fault(
      `all workers are recycled by ${limit}`,
      `all replaced, 0 failed of ≥ ${REQUESTS} each`,
      async numbers => {
        await using subject = await start(fixture(entry), { args: [...args, ...LINGER] });
        const first = (await subject.ready()).map(({ pid }) => pid);
        using load = startLoad(['L1', 'L3'], subject);
        await subject.whole(2, first, 60_000);
        await load.total(REQUESTS);
        assertNoneFailed(numbers, await load.stop(), REQUESTS);
      },
      options,
    );
  }

  fault(
    'SIGTTIN and SIGTTOU, one worker more and one fewer',
    '3 workers, then 2, 0 failed',
    async numbers => {
      await using subject = await start(undefined, { args: LINGER });
      using load = startLoad(['L1', 'L3'], subject);
      await load.more(20);
      subject.signal('SIGTTIN');
      await subject.whole(3);
      subject.signal('SIGTTOU');
      await subject.whole(2);
      await load.more(20);
      assertNoneFailed(numbers, await load.stop(), 40);
    },
    { needs: ['ttin'] },
  );
});
