// Is anybody left? In production a cluster that has lost all its apps, or its agent, for good gives up instead of standing there.

import type { Emit, Role } from '../protocol/events.js';
import type { Group } from '../supervision/group.js';
import { type Cancel, type Clock, repeat } from '../system/clock.js';
import type { Settings } from './settings.js';
import type { Workforce } from './workforce.js';

export const HEALTH_CHECK_MS = 10_000;
const FAILED_CHECKS = 3;

export interface HealthFacts {
  readonly agents: number;
  readonly apps: number;
  readonly wantsAgent: boolean;
  readonly isRetrying: boolean;
  /** The last failure of those that are missing came before they were ready: a crash loop that nobody survives. */
  readonly failsAtBoot: boolean;
}

export interface HealthNeeds {
  readonly clock: Clock;
  /**
   * While one is to be re-forked, all may yet be well. Under startCluster only if the last one had been ready: egg's users have
   * something above it that takes over when the master exits, and expect the exit when nobody survives his boot.
   */
  readonly isPatient: boolean;
}

/** Calls `onLost` after three checks in a row that found nobody; for the patient, only checks while no retry is pending count. */
export function watchHealth({ clock, isPatient }: HealthNeeds, look: () => HealthFacts, onLost: (facts: HealthFacts) => void): Cancel {
  let failed = 0;
  const cancel = repeat(clock, HEALTH_CHECK_MS, () => {
    const facts = look();
    const hasHope = facts.isRetrying && (isPatient || !facts.failsAtBoot);
    const isLost = !hasHope && (facts.apps === 0 || (facts.wantsAgent && facts.agents === 0));
    failed = isLost ? failed + 1 : 0;
    if (failed < FAILED_CHECKS) return;
    cancel();
    onLost(facts);
  });
  return cancel;
}

interface ClusterHealthNeeds {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly stop: () => void;
}

/** Only in production: while developing, what is lost stays lost until somebody looks. */
export function watchClusterHealth({ isProduction, flavour }: Settings, workforce: Workforce, { clock, emit, stop }: ClusterHealthNeeds): Cancel {
  if (!isProduction) return () => {};
  const onLost = ({ agents, apps }: HealthFacts) => {
    emit({ type: 'cluster-lost', agents, apps });
    stop();
  };
  return watchHealth({ clock, isPatient: flavour === 'command' }, () => workforce.health(), onLost);
}

export interface Groups {
  readonly apps: Group;
  readonly agents: Group | undefined;
  readonly failedAtBoot: Readonly<Record<Role, boolean>>;
}

export function healthOf({ apps, agents, failedAtBoot }: Groups): HealthFacts {
  const isRetrying = apps.isRetrying || (agents?.isRetrying ?? false);
  const alive = (group: Group | undefined) => group?.children.filter(({ status }) => status !== 'starting').length ?? 0;
  const facts = { apps: alive(apps), agents: alive(agents), wantsAgent: agents !== undefined, isRetrying };
  return { ...facts, failsAtBoot: failedAtBoot[facts.apps === 0 ? 'app' : 'agent'] };
}
