// Names a process for ever: a pid alone is used again, a pid with its start time and the machine's boot is not.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isAlive, statOf } from './process-tree.js';

export interface Identity {
  readonly pid: number;
  /** Linux: clock ticks since boot (field 22 of proc_pid_stat(5)). Elsewhere: what `ps` says. */
  readonly startTime: string;
  readonly bootId: string;
}

const PS_MS = 2_000;

let boot: string | undefined;

/** Undefined when there is no such process, or it is a zombie. */
export function identityOf(pid: number): Identity | undefined {
  const startTime = isAlive(pid) ? startTimeOf(pid) : undefined;
  return startTime === undefined ? undefined : { pid, startTime, bootId: bootId() };
}

/** True when that very process still lives. */
export function stillIs({ pid, startTime, bootId: wasBoot }: Identity): boolean {
  return wasBoot === bootId() && isAlive(pid) && startTimeOf(pid) === startTime;
}

/** False when it had gone before, or is not ours to signal. */
export function signalIdentity(identity: Identity, signal: NodeJS.Signals): boolean {
  if (!stillIs(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch {
    return false;
  }
}

/** It lives, and is another user's. */
export function mayNotSignal(identity: Identity): boolean {
  if (!stillIs(identity)) return false;
  try {
    process.kill(identity.pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function startTimeOf(pid: number): string | undefined {
  if (process.platform === 'linux') return statOf(pid)?.startTicks;
  return tool('ps', ['-o', 'lstart=', '-p', String(pid)]);
}

function bootId(): string {
  boot ??= process.platform === 'linux' ? readText('/proc/sys/kernel/random/boot_id') : (tool('sysctl', ['-n', 'kern.bootsessionuuid']) ?? '');
  return boot;
}

function tool(file: string, args: readonly string[]): string | undefined {
  try {
    return (
      execFileSync(file, args, {
        encoding: 'utf8',
        timeout: PS_MS,
        env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim() || undefined
    );
  } catch {
    return undefined;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
