// What a wrapped program can be asked from outside.

import { ClusterError } from '../../errors.js';
import { commonSurface, noServices } from '../../instance/common-surface.js';
import type { Instance } from '../../instance/instance.js';
import type { Served } from '../../instance/instance-facts.js';
import type { SlotBook } from '../../instance/slot-book.js';
import { Usages } from '../../instance/usages.js';
import type { Surface } from '../../protocol/control.js';
import type { InstanceStatus, WorkerStatus } from '../../protocol/snapshot.js';
import { systemClock, wallClockMs } from '../../system/clock.js';
import { packageVersion } from '../../system/entries.js';
import { nodeVersion, ownPid, uptimeMs } from '../../system/environment.js';
import type { RunSettings } from './run-settings.js';
import type { Runner } from './runner.js';

export interface RunSurfaceNeeds {
  readonly runner: Runner;
  readonly settings: RunSettings;
  readonly instance: Instance;
  readonly slots: SlotBook;
}

export function servedProgram(needs: RunSurfaceNeeds): Served {
  const { runner, instance } = needs;
  const usages = new Usages(systemClock);
  const status = async () => statusOf(needs, usages);
  const notHere = (what: string) => async (): Promise<never> => {
    throw new ClusterError('ERR_NOT_SUPPORTED', `${what} is for clusters; this is one program (app-cluster run). Use restart.`);
  };
  const surface: Surface = {
    ...commonSurface(instance.common),
    ...noServices('This program'),
    status,
    heartbeat: async () => ({ workers: [] }),
    reload: notHere('reload'),
    upgrade: notHere('upgrade'),
    scale: notHere('scale'),
    restart: async () => {
      const startedAt = systemClock.now();
      await runner.restart();
      return { tookMs: Math.round(systemClock.now() - startedAt), workers: runner.children.map(pidOf), generation: runner.generation };
    },
    stop: async ({ force }) => {
      const startedAt = systemClock.now();
      const report = await runner.stop(force ? AbortSignal.abort() : new AbortController().signal);
      return { tookMs: Math.round(systemClock.now() - startedAt), ...report };
    },
    kill: async ({ worker, signal }) => {
      const { current: program } = runner;
      const isMeant =
        program !== undefined && runner.children.length > 0 && [String(program.pid), String(program.place.id), `#${program.place.id}`].includes(worker);
      if (!isMeant)
        throw new ClusterError(
          'ERR_UNKNOWN_NAME',
          `There is no process ${worker} here. There is: ${runner.children.map(child => `#${child.id} (pid ${pidOf(child)})`).join(', ') || 'none just now'}.`,
        );
      program.signal((signal ?? 'SIGKILL') as NodeJS.Signals);
      return { pid: program.pid };
    },
  };
  const metrics = async () => metricsText(await status(), needs.slots.of('app', 0)?.restarts ?? 0);
  return { surface, probes: { isReady: () => runner.status === 'running', metrics }, state: () => ({ status: runner.status, address: undefined }) };
}

const pidOf = ({ process: { pid } }: Runner['children'][number]) => pid;

function statusOf({ runner, settings, instance, slots }: RunSurfaceNeeds, usages: Usages): InstanceStatus {
  usages.keepOnly([ownPid(), ...runner.children.map(pidOf)]);
  const workers = runner.children.map((child): WorkerStatus => {
    const forkedAt = runner.current?.forkedAtMs ?? systemClock.now();
    const page = slots.of('app', child.slot);
    return {
      role: 'app',
      id: child.id,
      pid: pidOf(child),
      slot: child.slot,
      generation: child.generation,
      status: child.status,
      ...usages.of(pidOf(child), forkedAt),
      ageMs: Math.round(systemClock.now() - forkedAt),
      restarts: page?.restarts ?? 0,
      lastExit: page?.lastExit,
    };
  });
  return {
    name: instance.name,
    kind: 'run',
    pid: ownPid(),
    status: runner.status,
    baseDir: settings.cwd,
    program: [settings.program, ...settings.args].join(' '),
    version: packageVersion(),
    node: nodeVersion(),
    startedAt: Math.round(wallClockMs() - uptimeMs()),
    uptimeMs: Math.round(uptimeMs()),
    size: 1,
    generation: runner.generation,
    master: usages.of(ownPid(), systemClock.now() - uptimeMs()),
    workers,
    reloads: 0,
    droppedMessages: 0,
    logs: instance.logs,
  };
}

/** One program has little to count; the format is Prometheus' text, version 0.0.4. */
function metricsText({ name, workers, uptimeMs: up }: InstanceStatus, restarts: number): string {
  const [program] = workers;
  const label = `{name=${JSON.stringify(name)}}`;
  const lines = [
    ['app_cluster_uptime_seconds', up / 1_000],
    ['app_cluster_workers_ready', program?.status === 'ready' ? 1 : 0],
    ['app_cluster_worker_restarts_total', restarts],
    ['app_cluster_worker_resident_memory_bytes', program?.rssBytes ?? 0],
  ];
  return `${lines.map(([metric, value]) => `${metric}${label} ${value}`).join('\n')}\n`;
}
