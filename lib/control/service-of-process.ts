// To which service of a running supervisor a process belongs. What its environment says is believed only where its mark agrees: a cluster that a
// service has started in the background is none of the service's.

import type { RegistryEntry } from '../protocol/registry-entry.js';
import { SERVICE_VARIABLE } from '../protocol/words.js';
import { isOrphaned, markTextOf, variableOf } from '../system/instance-mark.js';

/** What a supervisor adds to its own mark for each start, and for each stop command. */
const OF_SERVICE = /\.s\d+x?$/;

export interface OwnService {
  /** `SUP/SVC`. */
  readonly fullName: string;
  readonly supervisor: RegistryEntry;
}

/** @param running every instance that runs */
export function serviceOfProcess(pid: number, running: readonly RegistryEntry[]): OwnService | undefined {
  const fullName = variableOf(pid, SERVICE_VARIABLE);
  const mark = markTextOf(pid);
  const supervisor = running.find(({ kind, name }) => kind === 'supervisor' && fullName?.startsWith(`${name}/`) && !fullName.includes('/', name.length + 1));
  if (fullName === undefined || mark === undefined || supervisor === undefined) return undefined;
  const instance = instanceMarkIn(mark);
  const isInner = running.some(entry => entry.mark === instance && entry.name === fullName);
  return instance === supervisor.mark || isInner || isAdoptable(mark) ? { fullName, supervisor } : undefined;
}

/** A supervisor that is gone has started it: the one that has its name now has taken it over. */
export const isAdoptable = (mark: string): boolean => OF_SERVICE.test(mark) && isOrphaned(instanceMarkIn(mark));

/** Not a stop command's, nor a worker's of a cluster that was a service. */
export const isOfService = (mark: string): boolean => /\.s\d+$/.test(mark);

/** Of the instance, without what tells its children apart. */
export const instanceMarkIn = (mark: string): string => mark.replace(/\.[^.]*$/, '');
