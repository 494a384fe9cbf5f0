// egg limits its own start (`config.workerStartTimeout`, ten minutes) and says when it is over (`startTimeout`). While that runs, the
// master's limit is one for silence: a worker that is still starting, and can still say so, is not ended for being slow.

import { type Cancel, type Clock, repeat } from '../system/clock.js';

export const START_BEAT_MS = 10_000;
/** Its own limit comes first, with its own words. */
const SLACK_MS = 5_000;

export interface SelfLimited {
  readonly config?: { readonly workerStartTimeout?: unknown } | undefined;
}

/** Calls `beat` every ten seconds as long as the framework's own limit is not over. The configuration may come late. */
export function beatWhileStarting(instance: SelfLimited, clock: Clock, beat: () => void): Cancel {
  const startedAt = clock.now();
  return repeat(clock, START_BEAT_MS, () => {
    const own = instance.config?.workerStartTimeout;
    if (typeof own === 'number' && clock.now() - startedAt <= own + SLACK_MS) beat();
  });
}
