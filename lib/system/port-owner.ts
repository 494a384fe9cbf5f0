// Who listens on a TCP port, in words. Outside Linux, and for other users' processes: not visible.

import { type ReadText, readText } from './proc-files.js';
import { listeningSockets, socketHolders } from './proc-sockets.js';

/** `pid 123 (node server.js)`, or `not visible` when it belongs to somebody else or the system does not tell. */
export function portOwner(port: number): string {
  const pids = [...socketHolders(listeningInodes(port)).values()].flat();
  return pids.length === 0 ? 'not visible' : describe(Math.min(...pids));
}

export function listeningInodes(port: number, read?: ReadText): Set<string> {
  return new Set(listeningSockets(read).flatMap(socket => (socket.port === port ? socket.inode : [])));
}

export function commandOf(pid: number): string {
  const words = (readText(`/proc/${pid}/cmdline`) ?? '').split('\0').filter(Boolean);
  return words.length === 0 ? 'command unknown' : words.join(' ').slice(0, 120);
}

const describe = (pid: number): string => `pid ${pid} (${commandOf(pid)})`;
