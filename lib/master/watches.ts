// What is looked after while a cluster is up: that somebody is left, that nobody wears out unnoticed, whom the kernel kills.

import type { EventBus } from '../instance/event-bus.js';
import { type Cancel, type Clock, repeat } from '../system/clock.js';
import { watchClusterHealth } from './health.js';
import { Recycling } from './recycling.js';
import type { Settings } from './settings.js';
import { wearLimits } from './wear-limits.js';
import type { Workforce } from './workforce.js';

/** How long the kernel's kill may be before the death it explains: a large process takes its time to go. */
const OOM_LOOK_MS = 10_000;

export interface WatchNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly stop: () => void;
}

export function watchCluster(settings: Settings, workforce: Workforce, needs: WatchNeeds): Cancel {
  const { clock, random, events, stop } = needs;
  const emit = events.emit.bind(events);
  const cancelHealth = watchClusterHealth(settings, workforce, { clock, emit, stop });
  const limits = wearLimits(settings.upkeep);
  const recycling = limits && new Recycling({ limits, clock, random, events, crew: workforce.apps });
  recycling?.watch();
  const cancelSpares = workforce.spares.watch(events);
  const cancelLooks = repeat(clock, OOM_LOOK_MS, () => workforce.oomKills.look());
  return () => {
    cancelHealth();
    cancelLooks();
    cancelSpares();
    recycling?.cancel();
  };
}
