import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock } from '../../lib/testing.js';

function setUp(ms: number) {
  const clock = new FakeClock();
  let fired = 0;
  const cancel = clock.afterRunning(ms, () => {
    fired++;
  });
  return { clock, cancel, count: () => fired };
}

test('running time: to the millisecond while nobody sleeps, and once', () => {
  for (const ms of [0, 1, 3, 100, 600, 60_000]) {
    const { clock, count } = setUp(ms);
    if (ms > 0) clock.tick(ms - 1);
    assert.equal(count(), 0, `${ms}`);
    clock.tick(1);
    assert.equal(count(), 1, `${ms}`);
    clock.tick(200_000);
    assert.deepEqual([count(), clock.pending], [1, 0]);
  }
});

test('running time: cancelled is cancelled, whatever step it is in', () => {
  const { clock, cancel, count } = setUp(60_000);
  clock.tick(59_500);
  cancel();
  clock.tick(200_000);
  assert.deepEqual([count(), clock.pending], [0, 0]);
});

test('running time: a sleep counts one step, and whoever wakes has a step more, to be heard', () => {
  const { clock, count } = setUp(60_000);
  clock.tick(59_999);
  clock.sleep(600_000);
  clock.tick(0);
  assert.equal(count(), 0, 'what was said meanwhile is not read yet');
  clock.tick(999);
  assert.equal(count(), 0);
  clock.tick(1);
  assert.equal(count(), 1);
});

test('running time: whenever and however often the process sleeps, it never ends sooner, and at most two steps later for each sleep', () => {
  const sleeps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 70_000 }), ms: fc.integer({ min: 3_000, max: 10_000_000 }) }), { maxLength: 8 });
  fc.assert(
    fc.property(sleeps, fc.integer({ min: 1, max: 60_000 }), (naps, ms) => {
      const { clock, count } = setUp(ms);
      let awake = 0;
      for (const nap of naps) {
        clock.tick(nap.after);
        awake += nap.after;
        if (count() > 0) break;
        clock.sleep(nap.ms);
        clock.tick(0);
        assert.equal(count(), 0, 'called in the moment of waking');
      }
      clock.tick(Math.max(0, ms + 2_000 * naps.length - awake));
      assert.equal(count(), 1);
      assert.equal(clock.pending, 0);
    }),
  );
});
