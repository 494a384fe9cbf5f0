// How many CPUs this process may really use: affinity and cgroup quota, also on Node 20, which knows only the first.

import { availableParallelism } from 'node:os';
import type { WorkersFacts } from '../protocol/events.js';
import { cgroupFolders } from './cgroup.js';
import { type ReadText, readText } from './proc-files.js';

export function usableCpus(): WorkersFacts {
  const affinity = availableParallelism();
  const quota = cgroupQuota(readText);
  if (quota === undefined || quota >= affinity) return { count: affinity, why: `${affinity} CPUs are usable` };
  const count = Math.max(1, Math.floor(quota));
  return { count, why: `the cgroup allows ${quota.toFixed(2)} of ${affinity} CPUs` };
}

/**
 * The tightest quota from this process's cgroup up to the root, in CPUs.
 * cgroup v2: `cpu.max` holds "QUOTA PERIOD" or "max PERIOD"; v1: two files, quota -1 for none.
 */
export function cgroupQuota(read: ReadText): number | undefined {
  const { v2, v1 } = cgroupFolders('cpu', read);
  const quotas = [
    ...v2.map(folder => parseV2(read(`${folder}/cpu.max`))),
    ...v1.map(folder => parseV1(read(`${folder}/cpu.cfs_quota_us`), read(`${folder}/cpu.cfs_period_us`))),
  ];
  const limits = quotas.filter(quota => quota !== undefined);
  return limits.length === 0 ? undefined : Math.min(...limits);
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
