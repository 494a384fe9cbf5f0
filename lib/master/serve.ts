// A cluster as an instance: what it is in the registry, and what it answers.

import type { EventBus } from '../instance/event-bus.js';
import type { Instance } from '../instance/instance.js';
import type { InstanceFacts, Served } from '../instance/instance-facts.js';
import type { SlotBook } from '../instance/slot-book.js';
import { Usages } from '../instance/usages.js';
import { systemClock } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { ownPid, runsAsRoot } from '../system/environment.js';
import type { Cluster } from './cluster.js';
import type { Kept } from './kept.js';
import { metricsOf } from './metrics.js';
import { operationsOf } from './operations.js';
import type { Settings } from './settings.js';

/** With some of these it serves; the rest is before, or after. */
const SERVING: readonly string[] = ['running', 'degraded', 'reloading'];

export function instanceFacts(settings: Settings, kept: Kept | undefined): InstanceFacts {
  const { isNameGiven, baseDir, pidFile, logs, admin, flavour, isProduction, timeouts, upkeep } = settings;
  const name = kept?.birth.memory.name ?? settings.name;
  const stopMs = timeouts.budgetMs + upkeep.lameDuckMs;
  const place = { pid: kept?.line.pid ?? ownPid(), isKept: kept !== undefined, isHeir: kept?.birth.isUpgrade ?? false };
  const isJournalled = flavour === 'command' || isProduction;
  return { kind: 'cluster', name, isNameGiven, baseDir, pidFile, logs, admin, stopMs, isJournalled, ...place };
}

export function servedCluster(cluster: Cluster, instance: Instance, slots: SlotBook): Served {
  const common = { cluster, version: packageVersion(), clock: systemClock, usages: new Usages(systemClock), slots };
  const surface = operationsOf({ ...common, ...instance.common, logs: () => instance.logs });
  const isReady = () => {
    const { status, workers } = cluster.snapshot();
    return SERVING.includes(status) && workers.some(worker => worker.status === 'ready');
  };
  const state = () => {
    const { status, address } = cluster.snapshot();
    return { status, address: address?.text };
  };
  return { surface, probes: { isReady, metrics: metricsOf({ cluster, clock: systemClock, slots, status: () => surface.status({}) }) }, state };
}

export function suspectRoot({ flavour, runAs }: Settings, events: EventBus): void {
  if (flavour !== 'command' || !runsAsRoot() || runAs !== undefined) return;
  events.on('cluster-started', () => events.emit({ type: 'root-suspected' })); // A warning before would load the logger before the first fork.
}
