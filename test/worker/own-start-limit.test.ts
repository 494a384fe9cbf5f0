import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../lib/testing/fake-clock.js';
import { beatWhileStarting, START_BEAT_MS } from '../../lib/worker/own-start-limit.js';

function beatsWithin(ms: number, config: { readonly workerStartTimeout?: unknown } | undefined): number {
  const clock = new FakeClock();
  let beats = 0;
  const cancel = beatWhileStarting({ config }, clock, () => {
    beats++;
  });
  clock.tick(ms);
  cancel();
  clock.tick(ms);
  return beats;
}

test("a start beats every ten seconds until the framework's own limit is over, and five seconds more", () => {
  assert.equal(beatsWithin(START_BEAT_MS - 1, { workerStartTimeout: 600_000 }), 0);
  assert.equal(beatsWithin(START_BEAT_MS, { workerStartTimeout: 600_000 }), 1);
  assert.equal(beatsWithin(900_000, { workerStartTimeout: 600_000 }), 60);
  assert.equal(beatsWithin(900_000, { workerStartTimeout: 595_000 }), 60);
  assert.equal(beatsWithin(900_000, { workerStartTimeout: 594_999 }), 59);
});

test('one without a limit of its own does not beat: the master has one', () => {
  assert.equal(beatsWithin(900_000, undefined), 0);
  assert.equal(beatsWithin(900_000, { workerStartTimeout: '10m' }), 0);
});
