// Which hosts are this machine. The same answer everywhere: who may be started here, whose port may be tried, whose holder may be ended.

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** 127/8, localhost, ::1, wildcards, and addresses of own interfaces. Any other name is another machine: nothing is looked up. */
export function isLocalHost(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost' || bare === '::' || bare === '0.0.0.0' || bare === '::1') return true;
  if (isIP(bare) === 4 && bare.startsWith('127.')) return true;
  const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  return isIP(bare) !== 0 && own.some(({ address }) => address.toLowerCase() === bare);
}
