// What instances left behind that were killed with everything above them: processes with their mark, clusters that run on without their
// supervisor, loggers. Looks only, and needs no live instance.

import type { RegistryEntry } from '../protocol/registry-entry.js';
import { fileNameOf } from '../protocol/registry-entry.js';
import { SERVICE_VARIABLE } from '../protocol/words.js';
import { allMarked, isOrphaned, markTextOf, variableOf } from '../system/instance-mark.js';
import { commandOf } from '../system/port-owner.js';
import { type Identity, identityOf, stillIs } from '../system/process-identity.js';
import { entries } from './registry.js';
import { isAdoptable, serviceOfProcess } from './service-of-process.js';
import { type Observed, type StoredState, storedStates } from './service-states.js';

export interface Leftover {
  readonly pid: number;
  readonly command: string;
  readonly isLogger: boolean;
  /** `SUP/SVC`, where it is of a supervisor's service. */
  readonly service?: string | undefined;
}

export interface FoundLeftover extends Leftover {
  readonly identity: Identity;
  /** Whole: of one start. */
  readonly mark: string;
  /** It is one itself, and knows how to stop. */
  readonly instance: RegistryEntry | undefined;
}

/** What belongs to a supervisor that lives, because it has taken it over, is none; nor is the logger that such a service still writes to. */
export function leftovers(): readonly FoundLeftover[] {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  const all = allMarked()
    .filter(({ mark }) => isOrphaned(mark))
    .map(marked => ({
      ...marked,
      isKept: !marked.isLogger && isAdoptable(markTextOf(marked.pid) ?? '') && serviceOfProcess(marked.pid, running) !== undefined,
    }));
  const kept = new Set(all.flatMap(({ isKept, mark }) => (isKept ? [mark] : [])));
  const marked = all.filter(({ isKept, isLogger, mark }) => !isKept && !(isLogger && kept.has(mark)));
  const found = marked.flatMap(({ pid, isLogger }) => {
    const service = isLogger ? undefined : variableOf(pid, SERVICE_VARIABLE);
    return leftover(pid, { isLogger, service, mark: markTextOf(pid) ?? '', running });
  });
  const known = new Set(found.map(({ pid }) => pid));
  return [...found, ...unmarked(running).filter(({ pid }) => !known.has(pid))];
}

/** What a supervisor that is gone has written down: programs that cover their environment, or have become another user. */
function unmarked(running: readonly RegistryEntry[]): readonly FoundLeftover[] {
  return statesOfTheDead(running).flatMap(({ state: { observed }, fullName }) => {
    const isOurs = observed !== undefined && isAdoptable(observed.mark) && stillIs(observed);
    return isOurs ? leftover(observed.pid, { isLogger: false, service: fullName, mark: observed.mark, running }) : [];
  });
}

function leftover(
  pid: number,
  { running, ...facts }: Pick<FoundLeftover, 'isLogger' | 'service' | 'mark'> & { readonly running: readonly RegistryEntry[] },
): FoundLeftover[] {
  const identity = identityOf(pid);
  const instance = running.find(entry => entry.pid === pid || entry.masterPid === pid);
  return identity === undefined ? [] : [{ ...facts, pid, command: commandOf(pid), identity, instance }];
}

/** Of supervisors that do not run. */
export function statesOfTheDead(running: readonly RegistryEntry[]): readonly StoredState[] {
  const live = new Set(running.map(({ name }) => fileNameOf(name)));
  return storedStates().filter(({ supervisorFile }) => !live.has(supervisorFile));
}

export type FalseState = StoredState & { readonly state: { readonly observed: Observed } };

/** They say that something runs, and it does not. */
export function falseStates(): readonly FalseState[] {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  return statesOfTheDead(running).filter((stored): stored is FalseState => stored.state.observed !== undefined && !stillIs(stored.state.observed));
}
