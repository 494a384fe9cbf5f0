// Who listens on which port, and whether that is one of ours. Ends holders, but nobody who is not proven ours unless forced.

import { ClusterError } from '../errors.js';
import type { PortHolder, PortStatus } from '../protocol/snapshot.js';
import { pause, systemClock } from '../system/clock.js';
import { isOrphaned, markOf } from '../system/instance-mark.js';
import { listeningPorts, portHolders } from '../system/listening-ports.js';
import { commandOf } from '../system/port-owner.js';
import { type Identity, identityOf, signalIdentity, stillIs } from '../system/process-identity.js';
import { entries } from './registry.js';

/** A cluster has its own budget for a stop (30 s); anybody else gets this. */
const CLUSTER_MS = 35_000;
const GRACE_MS = 5_000;
const KILL_MS = 2_000;
const POLL_MS = 50;
/** Values of environment variables are nobody's business. */
const withoutValues = (command: string) => command.replaceAll(/(--set-env[ =][^\s=]+=)\S*/g, '$1…');

/** What an instance left behind, whose master is gone. */
export const LEFTOVER = '(left over)';

export async function portStatuses(): Promise<readonly PortStatus[]> {
  const running = entries().filter(({ isAlive }) => isAlive);
  const instanceOf = (pid: number): string | undefined => {
    const own = running.find(({ entry }) => entry.pid === pid);
    if (own !== undefined) return own.entry.name;
    const marked = markOf(pid);
    if (marked === undefined) return undefined;
    return running.find(({ entry }) => entry.mark === marked.mark)?.entry.name ?? (isOrphaned(marked.mark) ? LEFTOVER : undefined);
  };
  const holder = (pid: number): PortHolder => ({ pid, command: withoutValues(commandOf(pid)), instance: instanceOf(pid) });
  return (await listeningPorts()).map(({ port, addresses, pids }) => {
    const holders = pids.map(holder);
    return { port, addresses, holders, isOurs: holders.length > 0 && holders.every(({ instance }) => instance !== undefined) };
  });
}

/**
 * Ends everybody who listens on the port: an instance is stopped, anything else gets SIGTERM, then SIGKILL.
 * Throws ERR_UNKNOWN_NAME (nobody listens), ERR_NOT_OURS.
 */
export async function endHolders(port: number, isForced: boolean): Promise<readonly number[]> {
  const status = (await portStatuses()).find(candidate => candidate.port === port);
  if (status === undefined) throw new ClusterError('ERR_UNKNOWN_NAME', `Nothing listens on port ${port}.`, { details: { port } });
  const { holders } = status;
  if (holders.length === 0)
    throw new ClusterError('ERR_NOT_OURS', `Port ${port} is held by a process of another user, which cannot be seen. Look as root.`, { details: { port } });
  if (!status.isOurs && !isForced) throw notOurs(port, holders);
  const instances = entries().filter(({ entry, isAlive }) => isAlive && holders.some(({ instance }) => instance === entry.name));
  const others = holders.filter(
    ({ pid, instance }) => instance === undefined || instance === LEFTOVER || instances.every(({ entry }) => entry.pid !== pid && entry.name !== instance),
  );
  const victims = [...instances.map(({ entry }): Identity => entry), ...others.flatMap(({ pid }) => identityOf(pid) ?? [])];
  await end(victims, instances.length > 0 ? CLUSTER_MS : GRACE_MS);
  const left = await portHolders(port);
  if (left === undefined) return victims.map(({ pid }) => pid);
  throw new ClusterError('ERR_NOT_OURS', `Port ${port} is still held by ${left.pids.join(', ')}: it could not be ended. Look as root.`, { details: { port } });
}

function notOurs(port: number, holders: readonly PortHolder[]): ClusterError {
  const strangers = holders.filter(({ instance }) => instance === undefined).map(({ pid, command }) => `process ${pid} (${command})`);
  const message = `Port ${port} is held by ${strangers.join(', ')}, which is not proven to be ours. End it yourself, or add --force.`;
  return new ClusterError('ERR_NOT_OURS', message, { details: { port, holders } });
}

async function end(victims: readonly Identity[], graceMs: number): Promise<void> {
  for (const victim of victims) signalIdentity(victim, 'SIGTERM');
  if (await goneWithin(victims, graceMs)) return;
  for (const victim of victims) signalIdentity(victim, 'SIGKILL');
  await goneWithin(victims, KILL_MS);
}

/** Polls: nobody tells of processes that are not our children. */
export async function goneWithin(victims: readonly Identity[], limitMs: number): Promise<boolean> {
  const until = systemClock.now() + limitMs;
  while (victims.some(stillIs)) {
    if (systemClock.now() >= until) return false;
    await pause(systemClock, POLL_MS);
  }
  return true;
}
