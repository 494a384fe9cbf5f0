// Is anybody left? In production a cluster that has lost all its apps, or its agent, for good gives up instead of standing there.

import { type Cancel, type Clock, repeat } from '../system/clock.js';

export const HEALTH_CHECK_MS = 10_000;
const FAILED_CHECKS = 3;

export interface HealthFacts {
  readonly agents: number;
  readonly apps: number;
  readonly wantsAgent: boolean;
  /** While one is to be re-forked, all may yet be well. */
  readonly isRetrying: boolean;
}

/** Calls `onLost` after three checks in a row that found nobody and no retry pending. */
export function watchHealth(clock: Clock, look: () => HealthFacts, onLost: (facts: HealthFacts) => void): Cancel {
  let failed = 0;
  const cancel = repeat(clock, HEALTH_CHECK_MS, () => {
    const facts = look();
    const isLost = !facts.isRetrying && (facts.apps === 0 || (facts.wantsAgent && facts.agents === 0));
    failed = isLost ? failed + 1 : 0;
    if (failed < FAILED_CHECKS) return;
    cancel();
    onLost(facts);
  });
  return cancel;
}
