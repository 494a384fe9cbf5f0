// Before the drain: whoever balances load sees that this instance is not ready, and has the time to send its clients elsewhere.

import type { Emit } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';
import type { StopPatience } from './stop-patience.js';

export interface LameDuckFacts {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly lameDuckMs: number;
  /** Of the stop that follows. */
  readonly budgetMs: number;
  readonly patience: StopPatience;
}

/** Everything is served meanwhile. Resolves when the time is over, or when somebody is in a hurry. */
export async function lameDuck({ clock, emit, lameDuckMs, budgetMs, patience: { hurry } }: LameDuckFacts): Promise<void> {
  if (hurry.aborted) return;
  emit({ type: 'lame-duck-began', waitMs: lameDuckMs, budgetMs });
  await new Promise<void>(resolve => {
    const cancel = clock.after(lameDuckMs, resolve);
    hurry.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}
