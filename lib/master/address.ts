// Where the cluster can be reached, as people write it. Pure.

import type { Address, ListeningAddress } from '../protocol/events.js';

const UNSPECIFIED: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** @param host the variable HOST, shown when the address is unspecified */
export function addressOf(listening: ListeningAddress, isHttps: boolean, host: string | undefined): Address {
  const protocol = isHttps ? 'https' : 'http';
  const { addressType, address, port } = listening;
  if (addressType === -1) return { protocol, text: String(address) };
  const bound = address ?? '';
  const shown = UNSPECIFIED.has(host ?? '') ? '127.0.0.1' : String(host);
  const name = UNSPECIFIED.has(bound) ? shown : bound;
  return { protocol, port, text: `${protocol}://${name.includes(':') ? `[${name}]` : name}:${port}` };
}
