// Listening TCP sockets and who holds them, read from /proc without lsof or ss. Elsewhere both are empty.

import { readlinkSync } from 'node:fs';
import { endianness } from 'node:os';
import { isListening, type ListeningSocket, parseProcNetTcp } from './port-tables.js';
import { numericNames, type ReadText, readRows } from './proc-files.js';

/**
 * The kernel lists who listens before all connections. To find those it looks through its whole table, of which a machine with much memory has
 * 262 144 places: 76 ms for both files where the beginning takes 0.2 ms.
 */
const readListening: ReadText = path => readRows(path, isListening);

/** Of this network namespace, IPv4 and IPv6. */
export function listeningSockets(read: ReadText = readListening, procFolder = '/proc'): ListeningSocket[] {
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

const socketsOf = (pid: number, procFolder: string): string[] => openSocketsOf(pid, procFolder).map(({ inode }) => inode);

export interface OpenSocket {
  readonly inode: string;
  /** Its descriptor, as a link. */
  readonly link: string;
}

/** Of one process, as far as this user may look. */
export function openSocketsOf(pid: number, procFolder = '/proc'): readonly OpenSocket[] {
  return numericNames(`${procFolder}/${pid}/fd`).flatMap(fd => {
    const link = `${procFolder}/${pid}/fd/${fd}`;
    const inode = inodeAt(link);
    return inode === undefined ? [] : [{ inode, link }];
  });
}

/** Undefined: there is no socket any more. */
export const inodeAt = (link: string): string | undefined => /^socket:\[(\d+)\]$/.exec(targetOf(link))?.[1];

function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return ''; // Closed meanwhile, or not ours to read.
  }
}
