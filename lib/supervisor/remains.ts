// After a stop: whether all of a service is gone, its process and its port.

import { markTextOf } from '../system/instance-mark.js';
import { portHolders } from '../system/listening-ports.js';
import { isLocalHost } from '../system/local-host.js';
import { commandOf, listeningInodes } from '../system/port-owner.js';
import { isAlive, isWithin } from '../system/process-tree.js';
import type { Launch } from './launch.js';
import type { ServiceProcess } from './service-process.js';

/** @returns in words what is still there: empty when it is verified gone */
export async function remainsOf(launch: Launch | undefined, ended: ServiceProcess | undefined, survived: readonly number[]): Promise<readonly string[]> {
  const alive = survived.filter(isAlive).map(pid => `process ${pid} (${commandOf(pid)}) could not be ended`);
  const { port, host = '' } = launch ?? {};
  if (port === undefined || ended === undefined || !isLocalHost(host)) return alive;
  const holders = (await portHolders(port))?.pids ?? [];
  const isSameSocket = ended.socket !== undefined && listeningInodes(port).has(ended.socket); // Whoever has it has got it from the service.
  const isOwn = (pid: number) => isSameSocket || markTextOf(pid) === ended.life.mark || isWithin(pid, ended.pid);
  const own = holders.filter(pid => !survived.includes(pid) && isOwn(pid));
  return [...alive, ...own.map(pid => `port ${port} is still held by process ${pid} (${commandOf(pid)})`)];
}
