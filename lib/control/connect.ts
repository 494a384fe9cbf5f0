// The door for programs that steer an instance from outside.

import { ClusterError, isClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import { pause, systemClock } from '../system/clock.js';
import { isGone } from '../system/gone.js';
import type { Target } from '../system/http-client.js';
import { Client } from './client.js';
import { findInstance } from './find-instance.js';
import { entries } from './registry.js';

/** How long to wait for a new master before it is said that there is none. */
const RESTARTING_MS = 800;
const POLL_MS = 50;

export interface ConnectOptions {
  /** For an address: from the file that was named at its start. */
  readonly token?: string;
}

/**
 * A client of a running instance.
 * @param where its name, its pid, the path of its control socket, or `http://HOST:PORT` of its `--admin`
 * @throws {ClusterError} ERR_UNKNOWN_NAME with the candidates, ERR_AMBIGUOUS_NAME, ERR_UNREACHABLE when nobody answers
 */
export async function connect(where: string | number, options: ConnectOptions = {}): Promise<Client> {
  const target = targetOf(String(where), options);
  const client = new Client(target);
  const until = systemClock.now() + RESTARTING_MS;
  for (;;) {
    try {
      await client.heartbeat();
      return client;
    } catch (error) {
      const entry = isUnreachable(error) ? withoutMaster(target) : undefined;
      if (entry === undefined) throw error;
      if (systemClock.now() >= until) throw restarting(entry);
      await pause(systemClock, POLL_MS);
    }
  }
}

/** A keeper that has no master just now: another one is on its way. */
function withoutMaster(target: Target): RegistryEntry | undefined {
  if (!('socketPath' in target)) return undefined;
  const { entry, isAlive } = entries().find(found => found.entry.socket === target.socketPath) ?? {};
  const isKept = entry?.masterPid !== undefined && entry.masterPid !== entry.pid;
  return isKept && isAlive && isGone(entry.masterPid) ? entry : undefined;
}

const isUnreachable = (error: unknown) => isClusterError(error) && error.code === 'ERR_UNREACHABLE';

function restarting({ name, pid, masterPid }: RegistryEntry): ClusterError {
  const message = `${name} is restarting: its master ${masterPid} has died, and its keeper ${pid} is starting another. Its workers serve on. Try again.`;
  return new ClusterError('ERR_UNREACHABLE', message, { details: { name, pid } });
}

export function targetOf(where: string, { token }: ConnectOptions = {}): Target {
  if (/^https?:\/\//.test(where)) return addressOf(where, token);
  return { socketPath: /[\\/]/.test(where) && where.endsWith('.sock') ? where : findInstance(where).socket };
}

function addressOf(where: string, token: string | undefined): Target {
  const { protocol, hostname, port } = new URL(where);
  if (protocol === 'http:') return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), token: token?.trim() };
  throw new ClusterError('ERR_NOT_SUPPORTED', `${where}: the control API speaks plain HTTP. Reach it through a tunnel, and use http://.`);
}
