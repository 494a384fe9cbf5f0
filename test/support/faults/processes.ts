// What the system says about processes and sockets, independently of what the product says about itself. Reads /proc.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isAlive, processIds, statOf } from '../../../lib/system/process-tree.js';

const attempt = <T>(read: () => T, otherwise: T): T => {
  try {
    return read();
  } catch {
    return otherwise; // Gone meanwhile.
  }
};

const environmentOf = (pid: number) => attempt(() => readFileSync(`/proc/${pid}/environ`, 'latin1'), '');

/** Live processes that have this in their environment: everything that descends from whoever was started with it. */
export function familyOf(variable: string, value: string): number[] {
  return processIds().filter(pid => isAlive(pid) && `\0${environmentOf(pid)}`.includes(`\0${variable}=${value}\0`));
}

export const parentOf = (pid: number): number | undefined => statOf(pid)?.parent;
export const commandLineOf = (pid: number): string => attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' '), '');

const descriptorsOf = (pid: number) => attempt(() => readdirSync(`/proc/${pid}/fd`), []).map(fd => attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`), ''));

export const openDescriptors = (pid: number): number => descriptorsOf(pid).length;
/** To say which one leaked. */
export const descriptorKinds = (pid: number): string =>
  descriptorsOf(pid)
    .map(target => target.replace(/\d+/g, 'n'))
    .toSorted()
    .join(' ');

function rowsOf(port: number): { readonly state: string; readonly inode: string }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['tcp', 'tcp6'].flatMap(table =>
    attempt(() => readFileSync(`/proc/net/${table}`, 'latin1'), '')
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(columns => columns[1]?.endsWith(`:${hex}`))
      .map(columns => ({ state: columns[3] ?? '', inode: columns[9] ?? '' })),
  );
}

const LISTEN = '0A';
const inodesHeld = (pid: number) => new Set(descriptorsOf(pid).flatMap(target => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));

/** Sockets that listen on a port, whoever holds them. */
export const listenersOn = (port: number): string[] => rowsOf(port).flatMap(({ state, inode }) => (state === LISTEN ? [inode] : []));

/** Accepted connections that a process holds on these ports. Stop it before, or they change while they are counted. */
export function connectionsOf(pid: number, ports: readonly number[]): number {
  const held = inodesHeld(pid);
  return ports.flatMap(rowsOf).filter(({ state, inode }) => state !== LISTEN && held.has(inode)).length;
}
