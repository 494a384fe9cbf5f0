// Which ports this cluster listens on, and the end of whoever holds one.

import { endHolders, portStatuses } from '../control/ports.js';
import type { PortStatus } from '../protocol/snapshot.js';

export async function portsOf(name: string): Promise<readonly PortStatus[]> {
  const all = await portStatuses();
  return all.filter(({ holders }) => holders.some(({ instance }) => instance === name));
}

export async function killPort(port: number, isForced: boolean): Promise<{ killed: readonly number[] }> {
  return { killed: await endHolders(port, isForced) };
}
