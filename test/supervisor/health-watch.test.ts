import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PACE } from '../../lib/protocol/service-spec.js';
import { type HealthFacts, HealthWatch } from '../../lib/supervisor/health-watch.js';
import { FakeClock } from '../../lib/testing.js';

type Verdict = string | undefined;

/** Probes are answered when the test says so, in the order in which they were asked. */
function watched(pace = {}, random = () => 0.5) {
  const clock = new FakeClock();
  const asked: { limitMs: number; answer: (verdict: Verdict) => void }[] = [];
  const facts: HealthFacts[] = [];
  const watch = new HealthWatch({
    pace: { ...DEFAULT_PACE, ...pace },
    clock,
    random,
    probe: limitMs => new Promise(resolve => asked.push({ limitMs, answer: resolve })),
    onFacts: fact => facts.push(fact),
  });
  watch.start();
  const answer = async (verdict: Verdict) => {
    asked.at(-1)?.answer(verdict);
    await Promise.resolve();
    await Promise.resolve();
  };
  return { clock, asked, facts, watch, answer };
}

test('while it starts it is asked quickly, then every half second, 2 s for an answer at most', async () => {
  const { clock, asked, answer } = watched();
  const waits: number[] = [];
  for (let round = 0; round < 6; round++) {
    const before = clock.now();
    while (asked.length === round) clock.tick(1);
    waits.push(clock.now() - before);
    await answer('not yet');
  }
  assert.deepEqual(waits, [50, 100, 200, 400, 500, 500]);
  assert.deepEqual([...new Set(asked.map(({ limitMs }) => limitMs))], [2_000]);
});

test('once it was healthy: every interval, within its own limit, at moments that it shares with others', async () => {
  const { clock, asked, answer } = watched({ intervalMs: 5_000, timeoutMs: 3_000 });
  clock.tick(50);
  await answer(undefined);
  clock.tick(4_949);
  assert.equal(asked.length, 1);
  clock.tick(1);
  assert.deepEqual([asked.length, asked[1]?.limitMs, clock.now() % 500], [2, 3_000, 0]);
});

test('a tenth earlier or later, so that many do not stay at one moment', async () => {
  for (const [random, at] of [
    [0, 9_500],
    [0.99, 10_500],
  ] as const) {
    const { clock, asked, answer } = watched({ intervalMs: 5_000 }, () => (asked.length < 2 ? 0.5 : random));
    clock.tick(50);
    await answer(undefined);
    clock.tick(4_950);
    await answer(undefined);
    while (asked.length < 3) clock.tick(1);
    assert.equal(clock.now(), at);
  }
});

test('failures in a row are counted, and forgotten when it is healthy', async () => {
  const { clock, facts, answer } = watched({ intervalMs: 1_000 });
  for (const verdict of [undefined, 'down', 'down', undefined, 'down'] as Verdict[]) {
    clock.tick(1_000);
    await answer(verdict);
  }
  assert.deepEqual(
    facts.map(({ failures }) => failures),
    [0, 1, 2, 0, 1],
  );
  assert.deepEqual([facts[1]?.isHealthy, facts[1]?.reason], [false, 'down']);
});

test('the next check waits for the answer to this one; after the end nothing is told', async () => {
  const { clock, asked, facts, watch, answer } = watched();
  clock.tick(60_000);
  assert.equal(asked.length, 1);
  watch.end();
  await answer(undefined);
  clock.tick(60_000);
  assert.deepEqual([asked.length, facts.length, clock.pending], [1, 0, 0]);
});
