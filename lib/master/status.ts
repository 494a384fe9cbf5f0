// Everything there is to know of this instance at this moment. Asks the workers, but waits for none that is busy.

import type { SlotBook } from '../instance/slot-book.js';
import type { Usages } from '../instance/usages.js';
import type { ChildSnapshot, HeartbeatStatus, InstanceStatus, LogsStatus, WorkerStatus } from '../protocol/snapshot.js';
import { type Clock, wallClockMs } from '../system/clock.js';
import { nodeVersion, ownPid, uptimeMs } from '../system/environment.js';
import { askVitals } from './ask-vitals.js';
import type { Cluster } from './cluster.js';
import type { WorkerProcess } from './worker-process.js';

export interface StatusNeeds {
  readonly cluster: Cluster;
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly usages: Usages;
  readonly slots: SlotBook;
  readonly logs: () => LogsStatus;
}

export async function statusOf(needs: StatusNeeds): Promise<InstanceStatus> {
  const { cluster, name, clock, usages, slots, logs } = needs;
  await askVitals(cluster.children, clock);
  const { agent, workers, ...rest } = cluster.snapshot();
  const { settings } = cluster;
  const known = new Map(cluster.children.map(child => [child.place.id + child.role, child]));
  const full = (child: ChildSnapshot) => workerStatus(child, known.get(child.id + child.role), needs);
  const status: InstanceStatus = {
    ...rest,
    name,
    kind: 'cluster',
    masterPid: ownPid(),
    baseDir: settings.baseDir,
    program: settings.program.kind === 'entry' ? settings.program.file : `${settings.program.name}@${settings.program.version}`,
    version: needs.version,
    node: nodeVersion(),
    startedAt: Math.round(wallClockMs() - uptimeMs()),
    uptimeMs: Math.round(uptimeMs()),
    generation: cluster.generation,
    master: usages.of(ownPid(), clock.now() - uptimeMs()),
    agent: agent && full(agent),
    workers: workers.map(full),
    reloads: slots.reloads,
    logs: logs(),
  };
  usages.keepOnly([ownPid(), ...cluster.children.map(({ pid }) => pid)]);
  return status;
}

function workerStatus(child: ChildSnapshot, worker: WorkerProcess | undefined, { clock, usages, slots }: StatusNeeds): WorkerStatus {
  const page = slots.of(child.role, child.slot);
  const { beats, forkedAtMs = clock.now(), forked } = worker ?? {};
  const { vitals, requestsPerSecond, lastAtMs } = beats ?? {};
  const usage = forked?.isThread ? {} : usages.of(child.pid, forkedAtMs);
  return {
    ...child,
    rssBytes: usage.rssBytes ?? vitals?.rssBytes,
    cpuPercent: usage.cpuPercent,
    ageMs: Math.round(clock.now() - forkedAtMs),
    restarts: page?.restarts ?? 0,
    lastExit: page?.lastExit,
    lastBeatAgoMs: lastAtMs === undefined ? undefined : Math.round(clock.now() - lastAtMs),
    vitals,
    requestsPerSecond,
  };
}

export function heartbeatsOf({ cluster, clock }: Pick<StatusNeeds, 'cluster' | 'clock'>): HeartbeatStatus {
  const beatOf = ({ role, pid, place: { id, slot }, beats: { lastAtMs } }: WorkerProcess) => {
    const agoMs = lastAtMs === undefined ? undefined : Math.round(clock.now() - lastAtMs);
    return { role, id, slot, pid, lastBeatAgoMs: agoMs, lastBeatAt: agoMs === undefined ? undefined : wallClockMs() - agoMs };
  };
  return { workers: cluster.children.map(beatOf) };
}
