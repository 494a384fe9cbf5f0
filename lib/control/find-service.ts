// NAME, as people type it → a service of a running supervisor: `SUP/SVC`, or the pid of one of its processes.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import type { ServiceStatus } from '../protocol/service-status.js';
import { Client } from './client.js';
import { entries } from './registry.js';
import { serviceOfProcess } from './service-of-process.js';

export interface FoundService {
  readonly supervisor: RegistryEntry;
  readonly service: string;
  readonly fullName: string;
}

const running = () => entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));

/** Undefined: it means no supervisor that runs, or something else than a service. */
export function findService(name: string | undefined): FoundService | undefined {
  const full = name !== undefined && /^\d+$/.test(name) ? serviceOfProcess(Number(name), running())?.fullName : name;
  const slash = full?.lastIndexOf('/') ?? -1;
  if (full === undefined || slash < 1 || slash === full.length - 1) return undefined;
  const [owner, service] = [full.slice(0, slash), full.slice(slash + 1)];
  const supervisor = running().find(entry => entry.kind === 'supervisor' && entry.name === owner);
  return supervisor && { supervisor, service, fullName: full };
}

/** Throws ERR_UNKNOWN_NAME with what supervisors there are. */
export function requireService(name: string): FoundService {
  const found = findService(name);
  if (found !== undefined) return found;
  const supervisors = running().flatMap(entry => (entry.kind === 'supervisor' ? [entry.name] : []));
  const there = supervisors.length === 0 ? 'No supervisor runs (app-cluster up).' : `Supervisors that run: ${supervisors.join(', ')}.`;
  throw new ClusterError('ERR_UNKNOWN_NAME', `There is no service ${JSON.stringify(name)}: a service is called SUPERVISOR/SERVICE. ${there}`, {
    details: { candidates: supervisors },
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

/** Of a supervisor that runs. What is remembered of a service that is not described any more can still be read. Throws ERR_UNKNOWN_NAME. */
export async function refuseUnknownService(name: string | undefined): Promise<void> {
  const found = findService(name);
  if (found !== undefined) await statusOfService(found);
}
