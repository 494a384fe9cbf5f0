import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { turn } from '../../lib/system/clock.js';
import { type Act, type Asked, setUp } from '../support/beating-service.js';

/** What may come after what, as the registry sees it. */
const MAY_FOLLOW: Readonly<Record<Act | 'none', readonly Act[]>> = {
  none: ['register'],
  register: ['register', 'renew', 'deregister'],
  renew: ['register', 'renew', 'deregister'],
  deregister: ['register'],
};

test('whatever happens, calls come one at a time, in an order that makes sense, and the last wish wins', async () => {
  const step = fc.constantFrom('up', 'down', 'answer', 'unknown', 'fail', 'short', 'long', 'turn');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const { beats, registrar, clock, tick } = setUp();
      const settled = new Set<Asked>();
      const settle = async (how: (asked: Asked) => void) => {
        const open = registrar.asked.find(asked => !settled.has(asked) && !asked.signal.aborted);
        if (open === undefined) return;
        settled.add(open);
        how(open);
        await turn();
      };
      const check = () => {
        const open = registrar.asked.filter(asked => !settled.has(asked) && !asked.signal.aborted);
        assert.ok(open.length <= 1, 'one at a time');
        registrar.asked.forEach(({ act }, i) => {
          const before = registrar.asked[i - 1]?.act ?? 'none';
          assert.ok(MAY_FOLLOW[before].includes(act), `${act} after ${before}`);
        });
      };
      let isUp = false;
      const outs: Promise<void>[] = [];
      const acts = {
        up: () => beats.up(),
        down: () => void outs.push(beats.down()),
        answer: () => settle(({ resolve }) => resolve('renewed')),
        unknown: () => settle(({ act, resolve }) => resolve(act === 'renew' ? 'unknown' : undefined)),
        fail: () => settle(({ reject }) => reject(new Error('no'))),
        short: () => tick(1_000),
        long: () => tick(30_000),
        turn,
      } as const;
      for (const name of steps) {
        if (name === 'up' || name === 'down') isUp = name === 'up';
        await acts[name]();
        check();
      }
      // Everything is answered from now on.
      for (let i = 0; i < 20; i++) {
        await turn();
        await acts.answer();
        await tick(4_000); // Less than a call's limit.
        check();
      }
      await acts.answer();
      await Promise.all(outs);
      const last = registrar.asked.at(-1)?.act ?? 'none';
      if (isUp) assert.deepEqual([beats.status.state, ['register', 'renew'].includes(last)], ['registered', true]);
      else assert.deepEqual([beats.status.state, clock.pending, ['none', 'deregister'].includes(last)], ['off', 0, true]);
    }),
    { numRuns: 300 },
  );
});
