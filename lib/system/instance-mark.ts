// The mark of an instance, which all its descendants carry in their environment: `PID-STARTTIME-SERIAL-RUNROOT` of its master. It says by
// itself whether that master still lives.

import { LOGGER_MARK_VARIABLE } from '../protocol/logger-words.js';
import { shortHash } from '../protocol/registry-entry.js';
import { MARK_VARIABLE } from '../protocol/words.js';
import { runRoot } from './private-folder.js';
import { readText } from './proc-files.js';
import { startTimeOf } from './process-identity.js';
import { isAlive, isOfOurNamespace, processIds } from './process-tree.js';

/** Elsewhere than on Linux a start time is a date. */
const plain = (startTime: string) => startTime.replaceAll(/[^\w]/g, '');

/** One process may be several instances, one after another. */
let serial = 0;
const sixDigits = () => (serial++).toString(16).padStart(6, '0');

export function newMark(): string {
  return `${process.pid}-${plain(startTimeOf(process.pid) ?? '')}-${sixDigits()}-${rootId()}`;
}

/** Instances of another run root are somebody else's: they are not even listed here. */
const rootId = () => shortHash(runRoot());

/** False for what is no mark, or of another run root: then nothing is known, and nothing may be done. */
export function isOrphaned(mark: string): boolean {
  const [, pid, startTime, root] = /^(\d+)-(\w*)-[\da-f]{6}-([\da-f]{8})$/.exec(mark) ?? [];
  if (pid === undefined || startTime === undefined || root !== rootId()) return false;
  return !isAlive(Number(pid)) || plain(startTimeOf(Number(pid)) ?? '') !== startTime;
}

export interface Marked {
  readonly pid: number;
  readonly mark: string;
  readonly isLogger: boolean;
}

/** The whole mark of one process of a child; undefined: it carries none, or is not ours to look into. */
export function markTextOf(pid: number): string | undefined {
  return variableOf(pid, MARK_VARIABLE);
}

/** A variable of a process's first environment. */
export function variableOf(pid: number, name: string): string | undefined {
  const variables = (readText(`/proc/${pid}/environ`) ?? '').split('\0');
  return variables.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Undefined for a process that is nobody's, or not ours to look into. Reads /proc: elsewhere always undefined. */
export function markOf(pid: number): Marked | undefined {
  if (!isOfOurNamespace(pid)) return undefined; // A container's: its master is not visible from here, and may well live.
  const variables = (readText(`/proc/${pid}/environ`) ?? '').split('\0');
  const value = (name: string) => variables.find(entry => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  const child = value(MARK_VARIABLE);
  const mark = value(LOGGER_MARK_VARIABLE) ?? child?.replace(/\.[^.]*$/, '');
  return mark === undefined ? undefined : { pid, mark, isLogger: value(LOGGER_MARK_VARIABLE) !== undefined };
}

export interface OrphanedMark {
  readonly pid: number;
  /** Whole: of one start. */
  readonly mark: string;
  /** Of the variable that was asked for. */
  readonly value: string | undefined;
}

/** Every live process whose instance is gone, with one more variable of its environment. */
export function orphanedMarks(variable: string): readonly OrphanedMark[] {
  return allMarked()
    .filter(({ mark, isLogger }) => !isLogger && isOrphaned(mark))
    .map(({ pid }) => ({ pid, mark: variableOf(pid, MARK_VARIABLE) ?? '', value: variableOf(pid, variable) }));
}

/** Every live process that carries one. */
export function allMarked(): readonly Marked[] {
  return processIds().flatMap(pid => (pid !== process.pid && isAlive(pid) ? (markOf(pid) ?? []) : []));
}
