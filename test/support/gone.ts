// Waits until processes that are nobody's children any more have ended: there is no event for that.

import assert from 'node:assert/strict';
import { isAlive } from '../../lib/system/process-tree.js';

export async function gone(pids: readonly number[], limitMs = 15_000): Promise<void> {
  const until = performance.now() + limitMs;
  while (pids.some(isAlive)) {
    assert.ok(performance.now() < until, `still alive after ${limitMs} ms: ${pids.filter(isAlive).join(' ')}`);
    await new Promise(resolve => setTimeout(resolve, 25));
  }
}
