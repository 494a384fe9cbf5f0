// The address of the control API on TCP.

import { isIP } from 'node:net';

export interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

const LOOPBACK = '127.0.0.1';
const HIGHEST_PORT = 65_535;

/** `9000`, `127.0.0.1:9000`, `[::1]:9000`, `localhost:9000`; undefined for anything else. */
export function parseAdminAddress(text: string): AdminAddress | undefined {
  const [, bracketed, plain, port = ''] = /^(?:(?:\[([^\]]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? LOOPBACK;
  const isHost = host === 'localhost' || isIP(host) !== 0;
  return isHost && port !== '' && Number(port) <= HIGHEST_PORT ? { host, port: Number(port) } : undefined;
}

/** What may stand in a Host header: a name could be anybody's that points here (DNS rebinding). */
export function isOwnHost(header: string | undefined, bound: string): boolean {
  const [, bracketed, plain] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/.exec(header ?? '') ?? [];
  const host = bracketed ?? plain ?? '';
  return host === 'localhost' || host === bound || isIP(host) !== 0;
}
