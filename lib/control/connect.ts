// The door for programs that steer an instance from outside.

import { ClusterError } from '../errors.js';
import type { Target } from '../system/http-client.js';
import { Client } from './client.js';
import { findInstance } from './find-instance.js';

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
  const client = new Client(targetOf(String(where), options));
  await client.heartbeat();
  return client;
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
