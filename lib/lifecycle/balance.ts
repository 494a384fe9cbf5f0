// Which worker gets a connection. Pure.

import type { Member } from './reconcile.js';

/**
 * Rendezvous hashing (Thaler & Ravishankar 1998): every slot draws a number for the key, the highest wins. A slot that
 * goes moves only its own keys, and gets them back on its return. `undefined` only when there is no slot.
 */
export function rendezvous(key: string, slots: Iterable<Member['slot']>): number | undefined {
  let winner: number | undefined;
  let highest = -1;
  const hash = fnv1a(key);
  for (const slot of slots) {
    const score = mix(hash ^ mix(slot + 1));
    if (score > highest) [winner, highest] = [slot, score];
  }
  return winner;
}

/**
 * What counts as one client: an IPv4 address, or an IPv6 /64, since one host may change the rest at will (RFC 8981).
 * IPv4-mapped IPv6 counts as IPv4. Anything else is taken as it is.
 */
export function clientKey(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped?.[1]) return mapped[1];
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const left = head ? head.split(':') : [];
  const right = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
    .slice(0, 4)
    .map(group => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

/** FNV-1a, 32 bit (RFC 9923). */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** The finaliser of MurmurHash3 (Appleby): every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
