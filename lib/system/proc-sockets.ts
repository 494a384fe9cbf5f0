// Listening TCP sockets and who holds them, read from /proc without lsof or ss. Elsewhere both are empty.

import { readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { type ListeningSocket, parseProcNetTcp } from './port-tables.js';
import { numericNames, type ReadText, readText } from './proc-files.js';

/** Of this network namespace, IPv4 and IPv6. */
export function listeningSockets(read: ReadText = readText, procFolder = '/proc'): ListeningSocket[] {
  return ['tcp', 'tcp6'].flatMap(name => parseProcNetTcp(read(`${procFolder}/net/${name}`) ?? '', endianness()));
}

/** Which processes hold each of these inodes: one pass over every descriptor that this user may see, processes ascending. */
export function socketHolders(inodes: ReadonlySet<string>, procFolder = '/proc'): ReadonlyMap<string, readonly number[]> {
  const holders = new Map<string, number[]>();
  const pids = inodes.size === 0 ? [] : numericNames(procFolder).sort((a, b) => a - b);
  for (const pid of pids) {
    const held = new Set(socketsOf(pid, procFolder).filter(inode => inodes.has(inode)));
    for (const inode of held) holders.set(inode, [...(holders.get(inode) ?? []), pid]);
  }
  return holders;
}

function socketsOf(pid: number, procFolder: string): string[] {
  return numericNames(`${procFolder}/${pid}/fd`).flatMap(fd => {
    const [, inode] = /^socket:\[(\d+)\]$/.exec(targetOf(`${procFolder}/${pid}/fd/${fd}`)) ?? [];
    return inode ?? [];
  });
}

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Closed meanwhile, or not ours to read.
  }
}
