// How the options of one start differ from those of the start before.

import type { ClusterEvent } from '../../protocol/events.js';
import type { TimedEvent } from '../../protocol/snapshot.js';

type Item = TimedEvent<ClusterEvent>;

/** `workers: 2 → 4`, for every start whose options are others than the last one's. */
export function optionChanges(items: readonly Item[]): Map<Item, readonly string[]> {
  const changes = new Map<Item, readonly string[]>();
  let before: Readonly<Record<string, unknown>> | undefined;
  for (const item of items) {
    if (item.event.type !== 'cluster-starting') continue;
    const now = { ...(item.event.options as object), node: item.event.environment.nodeVersion, version: item.event.program.version };
    if (before !== undefined) changes.set(item, differences(before, now));
    before = now;
  }
  return changes;
}

function differences(before: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  const text = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value));
  return keys.filter(key => text(before[key]) !== text(now[key])).map(key => `${key}: ${text(before[key])} → ${text(now[key])}`);
}
