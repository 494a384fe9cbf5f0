// What happened to a name, one master after another: its journal.

import type { ClusterEvent } from '../protocol/events.js';
import type { TimedEvent } from '../protocol/snapshot.js';
import { readJournal } from '../system/journal.js';
import { stateFolder } from './registry.js';

export const journalFile = (name: string): string => `${stateFolder(name)}/journal.ndjson`;

/** Oldest first. Lines that are no facts are left out. */
export function timelineOf(name: string): readonly TimedEvent<ClusterEvent>[] {
  return readJournal(journalFile(name)).filter(isTimed);
}

function isTimed(item: Readonly<Record<string, unknown>>): item is Readonly<Record<string, unknown>> & TimedEvent<ClusterEvent> {
  const { at, event } = item;
  return typeof at === 'number' && typeof event === 'object' && event !== null && typeof (event as { type?: unknown }).type === 'string';
}
