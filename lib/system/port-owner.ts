// Who listens on a TCP port: read from /proc, without lsof or ss. Elsewhere, and for other users' processes: not visible.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LISTEN = '0A';

/** `pid 123 (node server.js)`, or `not visible` when it belongs to somebody else or the system does not tell. */
export function portOwner(port: number): string {
  const inodes = listeningInodes(port);
  const pid = inodes.size === 0 ? undefined : numericNames('/proc').find(candidate => holdsSocket(candidate, inodes));
  return pid === undefined ? 'not visible' : `pid ${pid} (${commandOf(pid)})`;
}

/** Columns of /proc/net/tcp: sl, local_address, rem_address, st, …, inode at 9 (proc_pid_net(5)). */
export function listeningInodes(port: number, read: (path: string) => string = readText): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(path => read(path).split('\n').slice(1)).map(row => row.trim().split(/\s+/));
  return new Set(rows.filter(row => row[1]?.endsWith(`:${wanted}`) && row[3] === LISTEN).map(row => row[9] ?? ''));
}

function holdsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  return numericNames(`/proc/${pid}/fd`).some(fd => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode !== undefined && inodes.has(inode);
    } catch {
      return false;
    }
  });
}

export function commandOf(pid: number): string {
  const words = readText(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
  return words.length === 0 ? 'command unknown' : words.join(' ').slice(0, 120);
}

function numericNames(folder: string): number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
