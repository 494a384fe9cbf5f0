// A rolling reload, and what there is to tell about it.

import { ClusterError } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';
import type { FailureReason } from './start-error.js';
import type { Workforce } from './workforce.js';

export interface ReloadNeeds {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly reasonOf: (error: unknown) => Promise<FailureReason>;
}

/** Connections wait in the sockets' queues meanwhile: a draining worker's end releases none. */
export async function restartAll({ apps, agents }: Workforce, { clock, emit, reasonOf }: ReloadNeeds): Promise<void> {
  const startedAt = clock.now();
  const { size } = apps.group.goal;
  if (size === 0) throw new ClusterError('ERR_RELOAD_FAILED', 'A restart is under way already. Wait until it is done.');
  emit({ type: 'cluster-restarting' });
  try {
    await apps.group.resize(0);
    await agents?.group.resize(0);
    await agents?.group.refill(1);
    await apps.group.refill(size);
  } catch (error) {
    const { reason } = await reasonOf(error);
    emit({ type: 'reload-failed', message: reason.message });
    throw reason;
  }
  emit({ type: 'cluster-restarted', tookMs: Math.round(clock.now() - startedAt) });
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
