// The cluster's facts of this moment, as everybody outside sees them.

import { type ClusterFacts, publicStatus } from '../lifecycle/public-status.js';
import type { ClusterSnapshot } from '../protocol/snapshot.js';
import { NO_LOSSES } from './losses.js';
import type { Workforce } from './workforce.js';

export interface SnapshotFacts {
  readonly name: string;
  readonly pid: number;
  readonly phase: ClusterFacts['phase'];
  readonly workforce: Workforce | undefined;
}

export function snapshotOf({ name, pid, phase, workforce }: SnapshotFacts): ClusterSnapshot {
  const workers = workforce?.apps.snapshots ?? [];
  const size = workforce?.apps.group.goal.size ?? 0;
  const ready = workers.filter(({ status }) => status === 'ready').length;
  const isAgentMissing = workforce?.agents !== undefined && !workforce.agents.snapshots.some(({ status }) => status === 'ready');
  const isReloading = workforce?.apps.group.isReloading ?? false;
  return {
    name,
    pid,
    status: publicStatus({ phase, isReloading, ready: isAgentMissing ? 0 : ready, wanted: size }),
    address: workforce?.address,
    size,
    agent: workforce?.agents?.snapshots.at(-1),
    workers,
    spares: workforce?.spares.booted ?? 0,
    droppedMessages: workforce?.messenger.dropped ?? 0,
    losses: workforce?.losses.total ?? NO_LOSSES,
  };
}
