// Waits for the end of processes that are nobody's children here.

import { pause, systemClock } from './clock.js';
import { type Identity, stillIs } from './process-identity.js';

const POLL_MS = 50;

/** Polls: nobody tells of processes that are not our children. */
export async function goneWithin(victims: readonly Identity[], limitMs: number): Promise<boolean> {
  const until = systemClock.now() + limitMs;
  while (victims.some(stillIs)) {
    if (systemClock.now() >= until) return false;
    await pause(systemClock, POLL_MS);
  }
  return true;
}
