// For what nobody tells of: looks again and again, within a limit.

import assert from 'node:assert/strict';
import { pause, systemClock } from '../../lib/system/clock.js';

export async function eventually(look: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await look())) {
    assert.ok(performance.now() < until, 'it did not come true in time');
    await pause(systemClock, 25);
  }
}
