// NAME, as people type it → a service of a running supervisor: `SUP/SVC`, or the pid of one of its processes.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import type { ServiceStatus } from '../protocol/service-status.js';
import { variableOf } from '../system/instance-mark.js';
import { Client } from './client.js';
import { entries } from './registry.js';

/** Set in every process of a service: `SUP/SVC`. */
export const SERVICE_VARIABLE = 'APP_CLUSTER_SERVICE';

export interface FoundService {
  readonly supervisor: RegistryEntry;
  readonly service: string;
  readonly fullName: string;
}

/** Undefined: it means no supervisor that runs, or something else than a service. */
export function findService(name: string | undefined): FoundService | undefined {
  const full = name !== undefined && /^\d+$/.test(name) ? variableOf(Number(name), SERVICE_VARIABLE) : name;
  const slash = full?.lastIndexOf('/') ?? -1;
  if (full === undefined || slash < 1) return undefined;
  const [owner, service] = [full.slice(0, slash), full.slice(slash + 1)];
  const supervisor = entries().find(({ entry, isAlive }) => isAlive && entry.kind === 'supervisor' && entry.name === owner)?.entry;
  return supervisor && { supervisor, service, fullName: full };
}

/** Throws ERR_UNKNOWN_NAME with what supervisors there are. */
export function requireService(name: string): FoundService {
  const found = findService(name);
  if (found !== undefined) return found;
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive && entry.kind === 'supervisor' ? [entry.name] : []));
  const there = running.length === 0 ? 'No supervisor runs (app-cluster up).' : `Supervisors that run: ${running.join(', ')}.`;
  throw new ClusterError('ERR_UNKNOWN_NAME', `There is no service ${JSON.stringify(name)}: a service is called SUPERVISOR/SERVICE. ${there}`, {
    details: { candidates: running },
  });
}

export const clientOf = ({ supervisor }: Pick<FoundService, 'supervisor'>): Client => new Client({ socketPath: supervisor.socket });

/** Throws ERR_UNKNOWN_NAME. */
export async function statusOfService({ supervisor, service }: FoundService): Promise<ServiceStatus> {
  const all = await clientOf({ supervisor }).verbs.services({});
  const found = all.find(({ name }) => name === service);
  if (found !== undefined) return found;
  throw new ClusterError(
    'ERR_UNKNOWN_NAME',
    `There is no service ${JSON.stringify(service)} in ${supervisor.name}. There are: ${all.map(({ name }) => name).join(', ')}.`,
  );
}
