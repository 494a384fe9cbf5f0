// Who listens on which port, and whether that is one of ours. Ends holders, but nobody who is not proven ours unless forced.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import type { PortHolder, PortStatus } from '../protocol/snapshot.js';
import { goneWithin } from '../system/gone-within.js';
import { isOrphaned, markOf } from '../system/instance-mark.js';
import { listeningPorts, portHolders } from '../system/listening-ports.js';
import { commandOf } from '../system/port-owner.js';
import { type Identity, identityOf, signalIdentity } from '../system/process-identity.js';
import { clientOf, requireService } from './find-service.js';
import { entries } from './registry.js';
import { serviceOfProcess } from './service-of-process.js';
import { stopInstance } from './stop-instance.js';

/** An instance has its own budget for a stop; anybody else gets this. */
const GRACE_MS = 5_000;
const KILL_MS = 2_000;
/** Values of environment variables are nobody's business. */
const withoutValues = (command: string) => command.replaceAll(/(--set-env[ =][^\s=]+=)\S*/g, '$1…');

/** What an instance left behind, whose master is gone. */
export const LEFTOVER = '(left over)';

export async function portStatuses(): Promise<readonly PortStatus[]> {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  const holder = (pid: number): PortHolder => {
    const service = serviceOfProcess(pid, running);
    return {
      pid,
      command: withoutValues(commandOf(pid)),
      instance: instanceOf(pid, running) ?? service?.supervisor.name ?? leftOver(pid),
      ...(service && { service: service.fullName }),
    };
  };
  return (await listeningPorts()).map(({ port, addresses, pids }) => {
    const holders = pids.map(holder);
    return { port, addresses, holders, isOurs: holders.length > 0 && holders.every(({ instance }) => instance !== undefined) };
  });
}

function instanceOf(pid: number, running: readonly RegistryEntry[]): string | undefined {
  const own = running.find(entry => entry.pid === pid || entry.masterPid === pid);
  return (own ?? running.find(entry => entry.mark === markOf(pid)?.mark))?.name;
}

function leftOver(pid: number): string | undefined {
  const marked = markOf(pid);
  return marked !== undefined && isOrphaned(marked.mark) ? LEFTOVER : undefined;
}

export interface EndedHolders {
  readonly killed: readonly number[];
  /** Stopped by their supervisors, and not wanted any more. */
  readonly services: readonly string[];
}

/**
 * Ends everybody who listens on the port: a service is stopped by its supervisor, an instance as a whole, anything else gets SIGTERM, then
 * SIGKILL. Throws ERR_UNKNOWN_NAME (nobody listens), ERR_NOT_OURS.
 */
export async function endHolders(port: number, isForced: boolean): Promise<EndedHolders> {
  const status = (await portStatuses()).find(candidate => candidate.port === port);
  if (status === undefined) throw new ClusterError('ERR_UNKNOWN_NAME', `Nothing listens on port ${port}.`, { details: { port } });
  const { holders } = status;
  if (holders.length === 0)
    throw new ClusterError('ERR_NOT_OURS', `Port ${port} is held by a process of another user, which cannot be seen. Look as root.`, { details: { port } });
  if (!status.isOurs && !isForced) throw notOurs(port, holders);
  const services = [...new Set(holders.flatMap(({ service }) => service ?? []))];
  const others = holders.filter(({ service }) => service === undefined);
  const instances = entries().filter(({ entry, isAlive }) => isAlive && others.some(({ instance }) => instance === entry.name));
  const strangers = others.filter(({ instance }) => instances.every(({ entry }) => entry.name !== instance)).flatMap(({ pid }) => identityOf(pid) ?? []);
  await Promise.all([...services.map(stopService), ...instances.map(({ entry }) => stopInstance(entry, false)), end(strangers)]);
  const left = await portHolders(port);
  const ofServices = holders.flatMap(({ pid, service }) => (service === undefined ? [] : [pid]));
  const killed = [...ofServices, ...instances.map(({ entry }) => entry.pid), ...strangers.map(({ pid }) => pid)];
  if (left === undefined || left.pids.length === 0) return { killed, services };
  throw new ClusterError('ERR_NOT_OURS', `Port ${port} is still held by ${left.pids.join(', ')}: it could not be ended. Look as root.`, { details: { port } });
}

/** Its supervisor would start it again, were it ended in any other way. */
async function stopService(fullName: string): Promise<void> {
  const found = requireService(fullName);
  await clientOf(found).verbs.stopService({ service: found.service, idempotent: true });
}

function notOurs(port: number, holders: readonly PortHolder[]): ClusterError {
  const foreign = holders.filter(({ instance }) => instance === undefined).map(({ pid, command }) => `process ${pid} (${command})`);
  const message = `Port ${port} is held by ${foreign.join(', ')}, which is not proven to be ours. End it yourself, or add --force.`;
  return new ClusterError('ERR_NOT_OURS', message, { details: { port, holders } });
}

async function end(victims: readonly Identity[]): Promise<void> {
  for (const victim of victims) signalIdentity(victim, 'SIGTERM');
  if (await goneWithin(victims, GRACE_MS)) return;
  for (const victim of victims) signalIdentity(victim, 'SIGKILL');
  await goneWithin(victims, KILL_MS);
}
