// A rolling reload, and what there is to tell about it.

import type { Emit } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';
import type { FailureReason } from './start-error.js';
import type { Workforce } from './workforce.js';

export interface ReloadNeeds {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly reasonOf: (error: unknown) => Promise<FailureReason>;
}

export async function reloadApps({ apps, listeners }: Workforce, { clock, emit, reasonOf }: ReloadNeeds): Promise<void> {
  const startedAt = clock.now();
  emit({ type: 'cluster-reloading' });
  try {
    await apps.group.reload();
  } catch (error) {
    const { reason } = await reasonOf(error);
    emit({ type: 'reload-failed', message: reason.message });
    throw reason;
  }
  listeners.releaseUnused();
  emit({ type: 'cluster-reloaded', tookMs: Math.round(clock.now() - startedAt) });
}
