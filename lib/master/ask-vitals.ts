// Asks workers how they are, and waits for none that is busy.

import type { Clock } from '../system/clock.js';
import type { WorkerProcess } from './worker-process.js';

/** A worker that has not answered by then is busy: its last beat stands for it. */
const ANSWER_MS = 250;

export async function askVitals(children: Iterable<WorkerProcess>, clock: Clock): Promise<void> {
  const answers = [...children].filter(child => child.askVitals()).map(({ beats }) => beats.next());
  if (answers.length > 0) await within(ANSWER_MS, Promise.all(answers), clock);
}

/** Resolves with `promise`, or after `ms`. */
export function within(ms: number, promise: Promise<unknown>, clock: Clock): Promise<void> {
  return new Promise(resolve => {
    const cancel = clock.after(ms, resolve);
    void promise.then(() => {
      cancel();
      resolve();
    });
  });
}
