// Services beside the instances they are supervised by, as `ls` shows them.

import type { ServiceStatus } from '../protocol/service-status.js';
import { wallClockMs } from '../system/clock.js';
import { Client } from './client.js';
import { type Listed, listInstances } from './list.js';

export interface ListedRow {
  readonly name: string;
  readonly kind: string;
  readonly pid: number | undefined;
  readonly status: string;
  readonly address: string | undefined;
  readonly startedAt: number | undefined;
  readonly uptimeMs: number | undefined;
  readonly baseDir: string;
}

/** Each supervisor, then its services. A cluster among them is one row: its own. */
export async function listAll(): Promise<readonly ListedRow[]> {
  const instances = await listInstances();
  const rows = await Promise.all(instances.map(async instance => [rowOf(instance), ...(await servicesOf(instance, instances))]));
  const inner = new Set(rows.flatMap(([, ...services]) => services.map(({ name }) => name)));
  return rows.flatMap(([own, ...services]) => (own === undefined || inner.has(own.name) ? [] : [own, ...services]));
}

const rowOf = ({ name, kind, pid, status, address, startedAt, uptimeMs, baseDir }: Listed): ListedRow => ({
  name,
  kind,
  pid,
  status,
  address,
  startedAt,
  uptimeMs,
  baseDir,
});

async function servicesOf({ kind, name, socket, baseDir, status }: Listed, instances: readonly Listed[]): Promise<readonly ListedRow[]> {
  if (kind !== 'supervisor' || status === 'unreachable') return [];
  const services = await new Client({ socketPath: socket }).verbs.services({}).catch(() => []); // It may be on its way out.
  return services.map(service => {
    const cluster = instances.find(instance => instance.name === `${name}/${service.name}` && instance.kind === 'cluster');
    return cluster === undefined || service.status !== 'running' ? serviceRow(`${name}/${service.name}`, service, baseDir) : rowOf(cluster);
  });
}

function serviceRow(name: string, { status, pid, url, ageMs }: ServiceStatus, baseDir: string): ListedRow {
  const startedAt = ageMs === undefined ? undefined : wallClockMs() - ageMs;
  return { name, kind: 'service', pid, status, address: url, startedAt, uptimeMs: ageMs, baseDir };
}
