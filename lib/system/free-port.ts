// Free ports, found by detect-port. It must only see what was validated: some texts put it into an endless busy loop, ill-typed
// ports become random ones, and inside a cluster worker its answers are wrong.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { ClusterError, messageOf } from '../errors.js';
import { requirePackage } from './require-package.js';

const { detectPort } = requirePackage<typeof import('detect-port')>('detect-port');

/** `port` itself when it is free, else a free one near it. 0: any. */
export async function freePort(port: number, host?: string): Promise<number> {
  const hostname = host !== undefined && isOwnAddress(host) ? host : undefined;
  try {
    return await detectPort(hostname === undefined ? port : { port, hostname });
  } catch (cause) {
    throw new ClusterError('ERR_NO_FREE_PORT', `No free port could be found (${messageOf(cause)}). Is the limit of open files or ports reached?`, { cause });
  }
}

/**
 * Where agent and apps meet; looked for on the loopback alone, which takes a third of the time.
 * @param meant the application's own, which is free as long as nobody listens on it yet
 */
export async function clusterPort(meant?: number): Promise<number> {
  try {
    const found = await freePort(0, '127.0.0.1');
    return found === meant ? await clusterPort(meant) : found;
  } catch (cause) {
    throw new ClusterError('ERR_NO_FREE_PORT', `ClusterPortConflictError: no port for agent and apps to meet at. ${messageOf(cause)}`, {
      cause,
      kind: 'application',
    });
  }
}

/** True when something listens there already. A host that is not a literal address of ours is left to the worker's own listen. */
export async function isPortTaken(port: number, host?: string): Promise<boolean> {
  if (port === 0 || (host !== undefined && !isOwnAddress(host)) || isPrivileged(port)) return false;
  return (await freePort(port, host)) !== port;
}

/** detect-port reports a forbidden port as taken; the worker's own EACCES says it better. */
function isPrivileged(port: number): boolean {
  return port < 1_024 && process.getuid?.() !== 0;
}

function isOwnAddress(host: string): boolean {
  if (isIP(host) === 0 || /^fe[89ab]/i.test(host)) return false;
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  return /^(127\.|0\.0\.0\.0$|::1?$)/.test(host) || own.some(({ address }) => address === host);
}
