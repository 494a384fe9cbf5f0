// All processes at one moment, with their marks. Who asks within a few milliseconds shares one look: two hundred services that end at once
// are one pass over /proc, not two hundred.

import { MARK_VARIABLE } from '../protocol/words.js';
import { pause, systemClock } from './clock.js';
import { readText } from './proc-files.js';
import { isAlive, type ProcessIdentity, processIds, statOf } from './process-tree.js';

export interface Seen extends ProcessIdentity {
  readonly parent: number;
  /** The variables of ours in its first environment; undefined: none, or not ours to read. */
  readonly mark: string | undefined;
}

const GATHER_MS = 5;
/** A process that is in the middle of its exec has no environment for a moment: so often it is looked at again. */
const MOST_LOOKS = 10;

let pending: Promise<readonly Seen[]> | undefined;
/** Those that have none indeed, as kernel threads do. */
let bare: ReadonlySet<string> = new Set();

/** As of after the call, never before. */
export function surveyProcesses(): Promise<readonly Seen[]> {
  pending ??= pause(systemClock, GATHER_MS).then(() => {
    pending = undefined;
    return survey();
  });
  return pending;
}

async function survey(): Promise<readonly Seen[]> {
  let seen = look();
  const isInExec = (one: Looked) => one.isBare && !bare.has(nameOf(one));
  for (let looks = 1; looks < MOST_LOOKS && seen.some(isInExec); looks++) {
    await pause(systemClock, GATHER_MS);
    seen = seen.flatMap(one => (isInExec(one) ? (lookAt(one.pid) ?? []) : one));
  }
  bare = new Set(seen.filter(one => one.isBare).map(nameOf));
  return seen;
}

interface Looked extends Seen {
  readonly isBare: boolean;
}

const nameOf = ({ pid, startTicks }: Looked) => `${pid} ${startTicks}`;

/** One that ends while we look may have left a child that was not there when we began: until there is nobody new. */
function look(): readonly Looked[] {
  const seen = new Map<number, Looked | undefined>();
  for (let before = -1; before < seen.size; ) {
    before = seen.size;
    for (const pid of processIds()) if (!seen.has(pid)) seen.set(pid, lookAt(pid));
  }
  return [...seen.values()].filter(one => one !== undefined);
}

function lookAt(pid: number): Looked | undefined {
  const stat = pid === process.pid ? undefined : statOf(pid);
  if (stat === undefined || !isAlive(pid)) return undefined;
  const environment = readText(`/proc/${pid}/environ`);
  return { ...stat, mark: markIn(environment ?? ''), isBare: environment === '' };
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
