// The mark of an instance, which all its descendants carry in their environment: `PID-STARTTIME-SERIAL` of its master. It says by
// itself whether that master still lives.

import { LOGGER_MARK_VARIABLE } from '../protocol/logger-words.js';
import { MARK_VARIABLE } from '../protocol/words.js';
import { readText } from './proc-files.js';
import { startTimeOf } from './process-identity.js';
import { isAlive, processIds } from './process-tree.js';

/** Elsewhere than on Linux a start time is a date. */
const plain = (startTime: string) => startTime.replaceAll(/[^\w]/g, '');

/** One process may be several instances, one after another. */
let serial = 0;
const sixDigits = () => (serial++).toString(16).padStart(6, '0');

export function newMark(): string {
  return `${process.pid}-${plain(startTimeOf(process.pid) ?? '')}-${sixDigits()}`;
}

/** False for what is no mark: then nothing is known, and nothing may be done. */
export function isOrphaned(mark: string): boolean {
  const [, pid, startTime] = /^(\d+)-(\w*)-[\da-f]{6}$/.exec(mark) ?? [];
  if (pid === undefined || startTime === undefined) return false;
  return !isAlive(Number(pid)) || plain(startTimeOf(Number(pid)) ?? '') !== startTime;
}

export interface Marked {
  readonly pid: number;
  readonly mark: string;
  readonly isLogger: boolean;
}

/** Undefined for a process that is nobody's, or not ours to look into. Reads /proc: elsewhere always undefined. */
export function markOf(pid: number): Marked | undefined {
  const variables = (readText(`/proc/${pid}/environ`) ?? '').split('\0');
  const value = (name: string) => variables.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const child = value(MARK_VARIABLE);
  const mark = value(LOGGER_MARK_VARIABLE) ?? child?.replace(/\.[^.]*$/, '');
  return mark === undefined ? undefined : { pid, mark, isLogger: value(LOGGER_MARK_VARIABLE) !== undefined };
}

/** Every live process that carries one. */
export function allMarked(): readonly Marked[] {
  return processIds().flatMap(pid => (pid !== process.pid && isAlive(pid) ? (markOf(pid) ?? []) : []));
}
