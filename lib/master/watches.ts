// What is looked after while a cluster is up: that somebody is left, and that nobody wears out unnoticed.

import type { EventBus } from '../instance/event-bus.js';
import type { Cancel, Clock } from '../system/clock.js';
import { watchClusterHealth } from './health.js';
import { Recycling } from './recycling.js';
import type { Settings } from './settings.js';
import { wearLimits } from './wear-limits.js';
import type { Workforce } from './workforce.js';

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
  return () => {
    cancelHealth();
    recycling?.cancel();
  };
}
