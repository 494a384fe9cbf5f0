import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mostWorn, pauseAfter, shortLivesAfter, thresholdsOf, wornOut } from '../../lib/lifecycle/wear.js';

const LIMITS = { memoryBytes: 1_000, requests: 100, ageMs: 10_000 };

test("a worker's own limits are up to a tenth below what was asked for, and never nothing", () => {
  assert.deepEqual(thresholdsOf(LIMITS, 0), LIMITS);
  assert.deepEqual(thresholdsOf(LIMITS, 0.5), { memoryBytes: 950, requests: 95, ageMs: 9_500 });
  assert.deepEqual(thresholdsOf({ requests: 1 }, 0.99), { memoryBytes: undefined, requests: 1, ageMs: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (limit, random) => {
      const own = thresholdsOf({ memoryBytes: limit }, random).memoryBytes ?? assert.fail();
      return own <= limit && own >= Math.max(1, Math.floor(limit * 0.9));
    }),
  );
});

test('worn out at the edges: requests and age when reached, memory when exceeded', () => {
  const by = (wear: { memoryBytes?: number; requests?: number; ageMs: number }) => wornOut(wear, LIMITS)?.by;
  assert.equal(by({ memoryBytes: 1_000, requests: 99, ageMs: 9_999 }), undefined);
  assert.equal(by({ memoryBytes: 1_001, requests: 0, ageMs: 0 }), 'memory');
  assert.equal(by({ memoryBytes: 0, requests: 100, ageMs: 0 }), 'requests');
  assert.equal(by({ ageMs: 10_000 }), 'age');
  assert.equal(wornOut({ memoryBytes: 2 ** 40, requests: 2 ** 40, ageMs: 2 ** 40 }, {}), undefined, 'no limits');
});

test('memory goes first, then whoever is furthest above its limit', () => {
  const worn = [
    { by: 'requests', value: 300, threshold: 100 },
    { by: 'memory', value: 101, threshold: 100 },
    { by: 'age', value: 500, threshold: 100 },
  ] as const;
  assert.deepEqual(
    worn.map((_, n) => mostWorn(worn.filter((_one, m) => m !== n))?.by),
    ['memory', 'age', 'memory'],
  );
  assert.equal(mostWorn([]), undefined);
});

test('a limit that newcomers are above at once slows down: 1 s, 2 s … 60 s', () => {
  let lives = 0;
  const pauses = Array.from({ length: 8 }, () => {
    lives = shortLivesAfter(lives, 'memory', { ageMs: 9_999, requests: 99 });
    return pauseAfter(lives);
  });
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual(
    [
      shortLivesAfter(lives, 'memory', { ageMs: 10_000, requests: 0 }),
      shortLivesAfter(lives, 'memory', { ageMs: 1, requests: 100 }),
      shortLivesAfter(lives, 'requests', { ageMs: 1, requests: 0 }),
      pauseAfter(0),
    ],
    [0, 0, 0, 0],
  );
});
