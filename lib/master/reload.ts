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

/**
 * Connections wait in the sockets' queues meanwhile: a draining worker's end releases none. Whatever becomes of the agent, the apps are
 * started again.
 */
export async function restartAll({ apps, agents }: Workforce, { clock, emit, reasonOf }: ReloadNeeds): Promise<void> {
  refuseTwice(apps);
  const startedAt = clock.now();
  emit({ type: 'cluster-restarting' });
  try {
    await apps.group.empty();
    await agents?.group.empty();
    const agentBack = agents?.group.refill() ?? Promise.resolve();
    const agentFailed = await agentBack.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await apps.group.refill();
    if (agentFailed !== undefined) throw agentFailed.error;
  } catch (error) {
    const { reason } = await reasonOf(error);
    emit({ type: 'reload-failed', message: reason.message });
    throw reason;
  }
  emit({ type: 'cluster-restarted', tookMs: Math.round(clock.now() - startedAt) });
}

function refuseTwice({ group }: Workforce['apps']): void {
  if (group.isHeld) throw new ClusterError('ERR_RELOAD_FAILED', 'A restart is under way. Wait until it is done.');
}

export async function reloadApps({ apps, listeners }: Workforce, { clock, emit, reasonOf }: ReloadNeeds): Promise<void> {
  refuseTwice(apps);
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
