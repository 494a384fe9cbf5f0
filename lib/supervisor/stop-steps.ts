// The steps of a shutdown, each told with what it ended (row P1).

import type { Emit, EventOf } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';

type Step = EventOf<'supervisor-stop-step'>['step'];

/** A report of services is told by those that had been running. */
export function stepsOf(clock: Clock, emit: Emit): <T>(step: Step, act: () => Promise<T>) => Promise<T> {
  return async (step, act) => {
    const startedAt = clock.now();
    const result = await act();
    emit({ type: 'supervisor-stop-step', step, ended: namesIn(result), tookMs: Math.round(clock.now() - startedAt) });
    return result;
  };
}

function namesIn(result: unknown): readonly string[] {
  if (!Array.isArray(result)) return [];
  return result.map((item: unknown) => (typeof item === 'string' ? item : String((item as { readonly service?: unknown }).service)));
}
