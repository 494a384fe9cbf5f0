// All processes at one moment, with their marks. Who asks within a few milliseconds shares one look: two hundred services that end at once
// are one pass over /proc, not two hundred.

import { MARK_VARIABLE } from '../protocol/words.js';
import { systemClock } from './clock.js';
import { readText } from './proc-files.js';
import { isAlive, type ProcessIdentity, processIds, statOf } from './process-tree.js';

export interface Seen extends ProcessIdentity {
  readonly parent: number;
  /** The variables of ours in its first environment; undefined: none, or not ours to read. */
  readonly mark: string | undefined;
}

const GATHER_MS = 5;

let pending: Promise<readonly Seen[]> | undefined;

/** As of after the call, never before. */
export function surveyProcesses(): Promise<readonly Seen[]> {
  pending ??= new Promise(resolve => {
    systemClock.after(GATHER_MS, () => {
      pending = undefined;
      resolve(look());
    });
  });
  return pending;
}

function look(): readonly Seen[] {
  return processIds().flatMap(pid => {
    const stat = pid === process.pid ? undefined : statOf(pid);
    return stat === undefined || !isAlive(pid) ? [] : [{ ...stat, mark: markIn(pid) }];
  });
}

function markIn(pid: number): string | undefined {
  const environment = readText(`/proc/${pid}/environ`) ?? '';
  const start = environment.startsWith(`${MARK_VARIABLE}=`) ? 0 : environment.indexOf(`\0${MARK_VARIABLE}=`) + 1;
  if (start === 0 && !environment.startsWith(`${MARK_VARIABLE}=`)) return undefined;
  const end = environment.indexOf('\0', start);
  return environment.slice(start + MARK_VARIABLE.length + 1, end < 0 ? undefined : end);
}

/** Everything that carries the mark, or descends from `pid`. */
export function familyIn(seen: readonly Seen[], mark: string, pid: number): readonly ProcessIdentity[] {
  const family = new Set(seen.filter(one => one.mark === mark || one.pid === pid).map(one => one.pid));
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const one of seen) if (family.has(one.parent)) family.add(one.pid);
  }
  return seen.filter(one => family.has(one.pid)).map(one => ({ pid: one.pid, startTicks: one.startTicks }));
}
