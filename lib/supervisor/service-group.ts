// A service as supervision sees it: a group of at most one.

import { EXIT_DO_NOT_RESTART } from '../errors.js';
import { APP_RESTART } from '../lifecycle/restart-policy.js';
import { deathOf } from '../protocol/death.js';
import type { Exit } from '../protocol/events.js';
import { type ServiceSpec, STOP_COMMAND_MS } from '../protocol/service-spec.js';
import type { LastExit } from '../protocol/snapshot.js';
import type { Child } from '../supervision/child.js';
import type { GroupSpec } from '../supervision/group-needs.js';
import { wallClockMs } from '../system/clock.js';

/** Why one that lived was ended by us. */
const UNHEALTHY = 'not healthy any more: ended';

/** From SIGKILL until it is called lost. */
const KILL_MS = 3_000;

export function groupSpecOf({ name, restart, health, stop }: ServiceSpec): GroupSpec {
  const { when, maxFailures, firstMs, longestMs } = restart;
  const stopMs = stop.timeoutMs + (stop.command === undefined ? 0 : STOP_COMMAND_MS);
  return {
    name,
    restart: { ...APP_RESTART, firstDelayMs: firstMs, longestDelayMs: longestMs, mostUnstable: maxFailures },
    patienceMs: { start: health.startTimeoutMs, drain: 0, stop: stopMs, kill: KILL_MS },
    refork: when !== 'never',
    drains: false,
    isSole: true,
    exitsForGood: when === 'on-failure' ? [0, EXIT_DO_NOT_RESTART] : [EXIT_DO_NOT_RESTART],
    retriesFirst: true,
    reloadAttempts: 1,
    probationMs: 0,
  };
}

export function lastExitOf(child: Child, exit: Exit): LastExit {
  const { process: life, failed, failedBy, wasKilled, readyAt } = child;
  const wasUnhealthy = failedBy === 'overdue' && readyAt !== undefined;
  const reason = wasUnhealthy ? UNHEALTHY : deathOf({ exit, failed, failedBy, wasKilled, wasReady: readyAt !== undefined }).text;
  return { ...exit, pid: life.pid, at: wallClockMs(), reason };
}
