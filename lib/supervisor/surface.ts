// What a supervisor can be asked from outside.

import { ClusterError } from '../errors.js';
import { commonSurface } from '../instance/common-surface.js';
import type { Served } from '../instance/instance-facts.js';
import { Usages } from '../instance/usages.js';
import { configChanges } from '../lifecycle/config-changes.js';
import type { PublicStatus } from '../lifecycle/public-status.js';
import type { Surface } from '../protocol/control.js';
import type { PlannedChange, ServiceStatus } from '../protocol/service-status.js';
import type { InstanceStatus, WorkerStatus } from '../protocol/snapshot.js';
import { systemClock, wallClockMs } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { nodeVersion, ownPid, uptimeMs } from '../system/environment.js';
import { conditionOf, invalidStatus, statusOf } from './condition.js';
import { metricsText } from './metrics-text.js';
import type { Service } from './service.js';
import type { Supervising } from './supervising.js';
import type { Supervisor } from './supervisor.js';

const never = () => new AbortController().signal;

export function servedSupervisor(supervising: Supervising): Served {
  const { instance, supervisor } = supervising;
  const usages = new Usages(systemClock);
  const statuses = () => servicesOf(supervisor, usages);
  const one = (name: string) => statusOf(supervisor.find(name), { clock: systemClock, usages, isWaiting: supervisor.isWaiting(name) });
  const timed = async <T>(action: () => Promise<T>): Promise<{ readonly tookMs: number; readonly result: T }> => {
    const startedAt = systemClock.now();
    const result = await action();
    return { tookMs: Math.round(systemClock.now() - startedAt), result };
  };
  const notHere = (what: string) => async (): Promise<never> => {
    throw new ClusterError('ERR_NOT_SUPPORTED', `${what} is for clusters. One of this supervisor's is called ${instance.name}/SERVICE.`);
  };
  const surface: Surface = {
    ...commonSurface(instance.common),
    status: async () => instanceStatus(supervising, statuses(), usages),
    heartbeat: async () => ({ workers: [], registrations: supervisor.registrations.status }),
    services: async () => statuses(),
    plan: async () => planned(supervisor, await supervising.read()),
    up: ({ names = [] }) => supervising.apply(names),
    startService: async ({ service, idempotent = false }) => {
      if (supervisor.find(service).isReady && !idempotent) throw new ClusterError('ERR_ALREADY_RUNNING', `${service}: service is running`);
      const { tookMs } = await timed(() => supervisor.start(service));
      return { service: one(service), tookMs };
    },
    stopService: async ({ service, idempotent = false, force = false }) => {
      const { isGoing, wishes } = supervisor.find(service);
      const isBusy = wishes.isPending;
      const report = await supervisor.stop(service, force ? AbortSignal.abort() : never());
      if (!isGoing && !isBusy && !idempotent && report.remains.length === 0) throw new ClusterError('ERR_STOPPED', `${service}: service not running`);
      return report;
    },
    restartService: async ({ service }) => {
      const { tookMs } = await timed(() => supervisor.restart(service, never()));
      return { service: one(service), tookMs };
    },
    attach: ({ service }, signal) => supervising.channels.facts(service, instance.common, signal),
    stop: async ({ force }) => supervising.stop(force ? AbortSignal.abort() : never()),
    reload: notHere('reload'),
    restart: notHere('restart'),
    scale: notHere('scale'),
    upgrade: notHere('upgrade'),
    kill: async ({ worker, signal }) => {
      const found = supervisor.services.find(({ child, current }) => child !== undefined && String(current?.pid) === worker.replace(/^#/, ''));
      if (found?.current === undefined)
        throw new ClusterError('ERR_UNKNOWN_NAME', `There is no process ${worker} here. See app-cluster status ${instance.name}.`);
      found.current.life.signal((signal ?? 'SIGKILL') as NodeJS.Signals);
      return { pid: found.current.pid };
    },
  };
  const isReady = () => publicStatus(supervisor, statuses()) === 'running';
  const conditions = () => supervisor.services.map(service => ({ desired: service.desired, status: conditionOf(service, supervisor.isWaiting(service.name)) }));
  const state = () => ({ status: publicStatus(supervisor, conditions()), address: undefined });
  return { surface, probes: { isReady, metrics: async () => metricsText(instance.name, statuses()) }, state };
}

function servicesOf(supervisor: Supervisor, usages: Usages): readonly ServiceStatus[] {
  const { services, config } = supervisor;
  usages.keepOnly([ownPid(), ...services.flatMap(({ current }) => current?.pid ?? [])]);
  const clock = systemClock;
  return [
    ...services.map(service => statusOf(service, { clock, usages, isWaiting: supervisor.isWaiting(service.name) })),
    ...config.invalid.map(invalidStatus),
  ];
}

/** Degraded: something that is wanted does not run well. */
function publicStatus({ isStopping, isStarting }: Supervisor, services: readonly Pick<ServiceStatus, 'desired' | 'status'>[]): PublicStatus {
  if (isStopping) return 'stopping';
  if (isStarting) return 'starting';
  return services.every(({ desired, status }) => desired === 'down' || status === 'running' || status === 'completed') ? 'running' : 'degraded';
}

function instanceStatus({ instance, supervisor }: Supervising, services: readonly ServiceStatus[], usages: Usages): InstanceStatus {
  return {
    name: instance.name,
    kind: 'supervisor',
    pid: ownPid(),
    status: publicStatus(supervisor, services),
    baseDir: supervisor.config.folder,
    program: supervisor.config.file ?? 'services of a program',
    version: packageVersion(),
    node: nodeVersion(),
    startedAt: Math.round(wallClockMs() - uptimeMs()),
    uptimeMs: Math.round(uptimeMs()),
    size: services.filter(({ desired }) => desired === 'up').length,
    generation: 1,
    master: usages.of(ownPid(), systemClock.now() - uptimeMs()),
    workers: supervisor.services.flatMap(workerOf(usages)),
    services,
    reloads: 0,
    droppedMessages: 0,
    logs: instance.logs,
  };
}

/** For those who look at workers: each service's process is one. */
const workerOf =
  (usages: Usages) =>
  ({ name, child, current, record }: Service, slot: number): WorkerStatus[] => {
    if (child === undefined || current === undefined) return [];
    const { id, generation, status } = child;
    const ageMs = Math.round(systemClock.now() - current.startedAtMs);
    const usage = usages.of(current.pid, current.startedAtMs);
    return [
      {
        role: 'app',
        service: name,
        id,
        pid: current.pid,
        slot,
        generation,
        status,
        ...usage,
        ageMs,
        restarts: record.restarts,
        lastExit: record.state.lastExit,
      },
    ];
  };

function planned(supervisor: Supervisor, config: Supervisor['config']): readonly PlannedChange[] {
  return configChanges(supervisor.config.services, supervisor.roster.asRunning(config.services)).map(({ name, kind, keys }): PlannedChange => {
    const service = supervisor.services.find(other => other.name === name);
    if (kind === 'removed') return { service: name, act: 'stop', reason: 'not described any more' };
    if (kind === 'changed' && service?.isGoing) return { service: name, act: 'restart', reason: `${keys.join(', ')} differ${keys.length === 1 ? 's' : ''}` };
    const desired = service?.desired ?? config.services.find(spec => spec.name === name)?.desired;
    if (desired === 'down') return { service: name, act: 'none', reason: 'wanted down' };
    if (service?.isReady) return { service: name, act: 'none', reason: 'runs already' };
    return { service: name, act: 'start', reason: kind === 'added' ? 'new' : 'wanted up, and not running' };
  });
}
