import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGENT_RESTART, APP_RESTART, recentFailures, restartDelayMs } from '../../lib/lifecycle/restart-policy.js';

test('after a stable life an app is back at once, an agent after a second', () => {
  assert.equal(restartDelayMs(0, 1, 0.9, APP_RESTART), 0);
  assert.equal(restartDelayMs(0, 1, 0.9, AGENT_RESTART), 1_000);
});

test('the delay doubles from 100 ms with up to half as much jitter, to 30 s at most', () => {
  assert.deepEqual(
    [1, 2, 3, 4].map(n => restartDelayMs(n, n, 0, APP_RESTART)),
    [100, 200, 400, 800],
  );
  assert.deepEqual(
    [1, 2].map(n => restartDelayMs(n, n, 1, APP_RESTART)),
    [150, 300],
  );
  assert.deepEqual(
    [1, 2, 3].map(n => restartDelayMs(n, n, 0.9, AGENT_RESTART)),
    [1_000, 2_000, 4_000],
  );
  assert.equal(restartDelayMs(20, 20, 0.5, APP_RESTART), 30_000);
});

test('over sixty failures in a minute every retry waits the longest delay', () => {
  assert.equal(restartDelayMs(1, 60, 0, APP_RESTART), 100);
  assert.equal(restartDelayMs(1, 61, 0, APP_RESTART), 30_000);
});

test('a failure is recent for one minute', () => {
  assert.deepEqual(recentFailures([0, 1, 60_000], 60_000, APP_RESTART), [1, 60_000]);
});
