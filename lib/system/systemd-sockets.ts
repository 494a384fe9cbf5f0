// Sockets that systemd has bound and passed on (sd_listen_fds(3)): which they are, and whose listen they are meant for.

import { readlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import type { PassedPlace } from '../protocol/keeper-words.js';
import { ownPid, takeVariable } from './environment.js';
import { adoptDescriptor, type Inherited, isPath, type ListenQuery, type RawHandle } from './held-sockets.js';
import { readText } from './proc-files.js';

const FIRST_DESCRIPTOR = 3;
/** More are nobody's intention. */
export const MOST_DESCRIPTORS = 64;

export interface ListenVariables {
  readonly fds: string | undefined;
  readonly pid: string | undefined;
  readonly names: string | undefined;
}

export interface PassedDescriptor {
  readonly fd: number;
  /** `FileDescriptorName=` of the unit; undefined when systemd gave none. */
  readonly name: string | undefined;
}

/** Where a socket is bound. */
export type SocketPlace =
  | { readonly kind: 'tcp'; readonly addressType: 4 | 6; readonly address: string; readonly port: number }
  /** An abstract name begins with a NUL, as `listen` takes it. */
  | { readonly kind: 'path'; readonly path: string };

export interface PassedSocket extends PassedDescriptor {
  readonly handle: RawHandle;
  readonly place: SocketPlace;
}

/** Empty when they are meant for another process, or make no sense. */
export function parseListenFds({ fds, pid, names }: ListenVariables, ownPid: number): PassedDescriptor[] {
  if (!isWhole(fds) || !isWhole(pid) || Number(pid) !== ownPid) return [];
  const given = names === undefined ? [] : names.split(':');
  return Array.from({ length: Math.min(Number(fds), MOST_DESCRIPTORS) }, (_, index) => ({ fd: FIRST_DESCRIPTOR + index, name: given[index] || undefined }));
}

const isWhole = (text: string | undefined) => text !== undefined && /^\d{1,10}$/.test(text);

/** Reads the variables and removes them: no child is to take them for its own. */
export function takeListenVariables(): ListenVariables {
  return { fds: takeVariable('LISTEN_FDS'), pid: takeVariable('LISTEN_PID'), names: takeVariable('LISTEN_FDNAMES') };
}

/** What systemd has passed to this process. What is no listening stream socket is left alone. */
export function takeSystemdSockets(): PassedSocket[] {
  return parseListenFds(takeListenVariables(), ownPid()).flatMap(passed => {
    const adopted = adoptSocket(passed.fd);
    return adopted === undefined ? [] : [{ ...passed, ...adopted }];
  });
}

export function placesOf(passed: readonly PassedSocket[]): PassedPlace[] {
  return passed.map(({ name, place }) => ({
    name,
    port: place.kind === 'tcp' ? place.port : undefined,
    path: place.kind === 'path' ? place.path : undefined,
  }));
}

/** Which of them a listen means. */
export const inheritedFrom =
  (passed: readonly PassedSocket[]): Inherited =>
  query =>
    passed.find(({ place }) => isMeant(query, place))?.handle;

/** Undefined when it is no socket, a datagram's, or a connection (`Accept=yes`). */
export function adoptSocket(fd: number): Pick<PassedSocket, 'handle' | 'place'> | undefined {
  const handle = adoptDescriptor(fd);
  if (typeof handle === 'number') return undefined;
  const place = handle.getpeername?.({}) === 0 ? undefined : placeOf(handle, fd);
  return place === undefined ? undefined : { handle, place }; // Not closed: it is not ours.
}

/** A pipe's handle does not know its path: the kernel's table of sockets does. */
function placeOf(handle: RawHandle, fd: number): SocketPlace | undefined {
  if (handle.getsockname === undefined) return pathPlace(descriptorTarget(fd), readText('/proc/net/unix') ?? '');
  const name: { address?: string; family?: string; port?: number } = {};
  if (handle.getsockname(name) !== 0 || name.address === undefined || !name.port) return undefined;
  return { kind: 'tcp', addressType: name.family === 'IPv6' ? 6 : 4, address: name.address, port: name.port };
}

function descriptorTarget(fd: number): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}

/** Of a listening stream socket: proc_net_unix has `Num: RefCount Protocol Flags Type St Inode Path`, with the flag 00010000 for one that listens. */
export function pathPlace(target: string, table: string): SocketPlace | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
  for (const line of table.split('\n')) {
    const [, flags, type, found, path] = /^\S+ \S+ \S+ (\S+) (\S+) \S+ +(\d+) (.+)$/.exec(line) ?? [];
    if (inode === undefined || found !== inode || path === undefined || type !== '0001') continue;
    if ((Number.parseInt(flags ?? '0', 16) & LISTENS) === 0) return undefined;
    return { kind: 'path', path: path.startsWith('@') ? `\0${path.slice(1)}` : path };
  }
  return undefined;
}

const LISTENS = 0x10000; // __SO_ACCEPTCON

const ANY: readonly (string | null)[] = [null, '', '::', '0.0.0.0'];

/**
 * Whether a worker's listen means that socket. Who listens on every address means whatever is bound to the port: the unit has said where.
 * Who listens on one address means that one, or all of them.
 */
export function isMeant(query: Pick<ListenQuery, 'address' | 'port' | 'addressType'>, place: SocketPlace): boolean {
  const { address, port } = query;
  if (isPath(query as ListenQuery)) return place.kind === 'path' && address !== null && isSamePath(address, place.path);
  if (place.kind === 'path' || port !== place.port) return false;
  return ANY.includes(address) || address === place.address || place.address === '::' || (place.address === '0.0.0.0' && query.addressType === 4);
}

function isSamePath(asked: string, bound: string): boolean {
  const isAbstract = asked.startsWith('\0') || bound.startsWith('\0');
  return isAbstract ? asked === bound : resolve(asked) === resolve(bound);
}
