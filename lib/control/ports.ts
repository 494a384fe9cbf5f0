// Who listens on which port, and whether that is one of ours. Ends holders, but nobody who is not proven ours unless forced.

import { ClusterError } from '../errors.js';
import type { PortHolder, PortStatus } from '../protocol/snapshot.js';
import { goneWithin } from '../system/gone-within.js';
import { isOrphaned, markOf } from '../system/instance-mark.js';
import { listeningPorts, portHolders } from '../system/listening-ports.js';
import { commandOf } from '../system/port-owner.js';
import { type Identity, identityOf, signalIdentity } from '../system/process-identity.js';
import { entries } from './registry.js';
import { stopInstance } from './stop-instance.js';

/** An instance has its own budget for a stop; anybody else gets this. */
const GRACE_MS = 5_000;
const KILL_MS = 2_000;
/** Values of environment variables are nobody's business. */
const withoutValues = (command: string) => command.replaceAll(/(--set-env[ =][^\s=]+=)\S*/g, '$1…');

/** What an instance left behind, whose master is gone. */
export const LEFTOVER = '(left over)';

export async function portStatuses(): Promise<readonly PortStatus[]> {
  const running = entries().filter(({ isAlive }) => isAlive);
  const instanceOf = (pid: number): string | undefined => {
    const own = running.find(({ entry }) => entry.pid === pid || entry.masterPid === pid);
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
  const strangers = others.flatMap(({ pid }) => identityOf(pid) ?? []);
  await Promise.all([...instances.map(({ entry }) => stopInstance(entry, false)), end(strangers)]);
  const left = await portHolders(port);
  if (left === undefined || left.pids.length === 0) return [...instances.map(({ entry }) => entry.pid), ...strangers.map(({ pid }) => pid)];
  throw new ClusterError('ERR_NOT_OURS', `Port ${port} is still held by ${left.pids.join(', ')}: it could not be ended. Look as root.`, { details: { port } });
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
