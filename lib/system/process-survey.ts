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

/** One that ends while we look may have left a child that was not there when we began: until there is nobody new. */
function look(): readonly Seen[] {
  const seen = new Map<number, ReturnType<typeof seenAs>>();
  for (let before = -1; before < seen.size; ) {
    before = seen.size;
    for (const pid of processIds()) if (!seen.has(pid)) seen.set(pid, seenAs(pid));
  }
  const alive = [...seen.values()].filter(one => one !== undefined);
  return alive.map(one => (one.hasNone ? (seenAs(one.pid) ?? one) : one));
}

function seenAs(pid: number): (Seen & { readonly hasNone: boolean }) | undefined {
  const stat = pid === process.pid ? undefined : statOf(pid);
  if (stat === undefined || !isAlive(pid)) return undefined;
  const environment = readText(`/proc/${pid}/environ`) ?? '';
  return { ...stat, mark: markIn(environment), hasNone: environment === '' }; // As every process for a moment, in exec.
}

function markIn(environment: string): string | undefined {
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
