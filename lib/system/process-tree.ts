// Finds and ends what a child left behind: its descendants, known by a mark in their environment.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { MARK_VARIABLE } from '../protocol/words.js';
import { type Clock, pause } from './clock.js';

const POLL_MS = 25;
/** After SIGKILL; who is there then sleeps in the kernel. */
const KILL_MS = 1_000;

/**
 * Live processes whose initial environment carries the mark, this process excepted. Inherited by every descendant, so
 * found even after its parent died. Reads /proc: elsewhere the list is empty.
 * @param mark a whole mark, or the beginning that all children of one master share
 */
export function marked(mark: string): number[] {
  const needle = `${MARK_VARIABLE}=${mark}`;
  return processIds().filter(
    pid => pid !== process.pid && environmentOf(pid).some(entry => entry === needle || entry.startsWith(`${needle}.`)) && isAlive(pid),
  );
}

/** A process that a pid alone would not name for ever: pids are used again. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

/** Everything that descends from `pid`, marked or not, as of now: a child whose environment was replaced has no mark. */
export function descendantsOf(pid: number): ProcessIdentity[] {
  const all = processIds().flatMap(candidate => statOf(candidate) ?? []);
  const family = new Set([pid]);
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { pid: child, parent } of all) if (family.has(parent)) family.add(child);
  }
  return all.filter(({ pid: member }) => member !== pid && family.has(member));
}

/** It is that process, or descends from it. */
export function isWithin(pid: number, ancestor: number): boolean {
  for (let at: number | undefined = pid; at !== undefined && at > 1; at = statOf(at)?.parent) if (at === ancestor) return true;
  return false;
}

/** Those of them that are still the same process, and alive. */
export function stillAlive(identities: readonly ProcessIdentity[]): number[] {
  return identities.filter(({ pid, startTicks }) => statOf(pid)?.startTicks === startTicks && isAlive(pid)).map(({ pid }) => pid);
}

export interface NamedProcess {
  readonly pid: number;
  /** As the kernel calls it: 15 bytes at most, and no arguments, which may hold a secret. */
  readonly name: string;
}

/** What came of a sweep. */
export interface Swept {
  /** SIGTERM was not enough. */
  readonly killed: readonly NamedProcess[];
  /** Of those: SIGKILL neither. */
  readonly left: readonly NamedProcess[];
}

/**
 * SIGTERM, then SIGKILL for what is left after `graceMs`.
 * @param mark of a child, or the beginning that all children of one master share
 * @param known descendants that were seen while their ancestor lived
 * @param force no grace any more
 */
export async function sweep({
  mark,
  known = [],
  graceMs,
  clock,
  force,
}: {
  mark: string;
  known?: readonly ProcessIdentity[];
  graceMs: number;
  clock: Clock;
  force?: AbortSignal;
}): Promise<Swept> {
  const leftovers = () => [...new Set([...marked(mark), ...stillAlive(known)])];
  const startedAt = clock.now();
  let left = leftovers();
  signalAll(left, 'SIGTERM');
  while (left.length > 0 && !force?.aborted && clock.now() - startedAt < graceMs) {
    await pause(clock, POLL_MS);
    left = leftovers();
  }
  const killed = left.map(named);
  signalAll(left, 'SIGKILL');
  const killedAt = clock.now();
  while (left.some(isAlive) && clock.now() - killedAt < KILL_MS) await pause(clock, POLL_MS);
  return { killed, left: killed.filter(({ pid }) => isAlive(pid)) };
}

export const named = (pid: number): NamedProcess => ({ pid, name: processName(pid) });

function processName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trimEnd();
  } catch {
    return 'unknown';
  }
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {} // Gone meanwhile.
  }
}

/** `kill(pid, 0)` succeeds for a zombie too. */
export function isAlive(pid: number): boolean {
  if (process.platform !== 'linux') return signalReaches(pid);
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/**
 * A process of this PID namespace, and of no inner one: another's pids and start times mean nothing here (pid_namespaces(7)). One that may
 * not be looked at is not ours.
 */
export function isOfOurNamespace(pid: number): boolean {
  try {
    ownNamespace ??= readlinkSync('/proc/self/ns/pid');
    return readlinkSync(`/proc/${pid}/ns/pid`) === ownNamespace;
  } catch {
    return false;
  }
}
let ownNamespace: string | undefined;

/** Fields of /proc/PID/stat after the command, which may hold anything: state, ppid, pgrp, …, starttime as the 20th (proc_pid_stat(5)). */
export function statOf(pid: number): (ProcessIdentity & { readonly parent: number; readonly group: number }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(fields[1]), group: Number(fields[2]), startTicks: fields[19] ?? '' };
  } catch {
    return undefined;
  }
}

function signalReaches(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
  } catch {
    return []; // Not ours to read, or gone.
  }
}
