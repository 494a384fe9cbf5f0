// How many CPUs this process may really use: affinity and cgroup quota, also on Node 20, which knows only the first.

import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { posix } from 'node:path';
import type { WorkersFacts } from '../protocol/events.js';

export function usableCpus(): WorkersFacts {
  const affinity = availableParallelism();
  const quota = cgroupQuota(readText);
  if (quota === undefined || quota >= affinity) return { count: affinity, why: `${affinity} CPUs are usable` };
  const count = Math.max(1, Math.floor(quota));
  return { count, why: `the cgroup allows ${quota.toFixed(2)} of ${affinity} CPUs` };
}

/**
 * The tightest quota from this process's cgroup up to the root, in CPUs.
 * cgroup v2: `cpu.max` holds "QUOTA PERIOD" or "max PERIOD"; v1: two files, quota -1 for none (kernel: Documentation/admin-guide/cgroup-v2.rst).
 */
export function cgroupQuota(read: (path: string) => string | undefined): number | undefined {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n');
  const quotas = lines.flatMap(line => {
    const [, controllers = '', path = '/'] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === '') return ancestors(path).map(folder => parseV2(read(posix.join('/sys/fs/cgroup', folder, 'cpu.max'))));
    if (!controllers.split(',').includes('cpu')) return [];
    return ['/sys/fs/cgroup/cpu', `/sys/fs/cgroup/${controllers}`].flatMap(root =>
      ancestors(path).map(folder => parseV1(read(posix.join(root, folder, 'cpu.cfs_quota_us')), read(posix.join(root, folder, 'cpu.cfs_period_us')))),
    );
  });
  const limits = quotas.filter(quota => quota !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

function ancestors(path: string): string[] {
  const folders = [path];
  for (let folder = path; folder !== '/' && folder !== '.'; ) {
    folder = posix.dirname(folder);
    folders.push(folder);
  }
  return folders;
}

function parseV2(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? 'max').trim().split(/\s+/);
  return quota === 'max' ? undefined : ratio(Number(quota), Number(period));
}

function parseV1(quota: string | undefined, period: string | undefined): number | undefined {
  return quota === undefined || period === undefined ? undefined : ratio(Number(quota), Number(period));
}

function ratio(quota: number, period: number): number | undefined {
  const cpus = quota / period;
  return quota > 0 && Number.isFinite(cpus) ? cpus : undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
