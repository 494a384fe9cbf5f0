// Of many calls one is under way and one more waits: whoever comes then is served by the one that waits.

import { type Clock, pause } from '../system/clock.js';

export interface Pace {
  readonly clock: Clock;
  /** From the beginning of one to the beginning of the next, at least: a burst of calls is two. */
  readonly apartMs: number;
}

/** @param act its failure is its own business */
export function oneAtATime(act: () => Promise<void>, { clock, apartMs }: Pace): () => void {
  let isUnderWay = false;
  let isWanted = false;
  let startedAt = Number.NEGATIVE_INFINITY;
  const run = async () => {
    isUnderWay = true;
    while (isWanted) {
      const leftMs = startedAt + apartMs - clock.now();
      if (leftMs > 0) await pause(clock, leftMs);
      isWanted = false;
      startedAt = clock.now();
      await act().catch(() => {});
    }
    isUnderWay = false;
  };
  return () => {
    isWanted = true;
    if (!isUnderWay) void run();
  };
}
