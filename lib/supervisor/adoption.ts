// What a killed supervisor of this name has left running: known by the mark and the name in each process's environment.

import { isOfService } from '../control/service-of-process.js';
import { SERVICE_VARIABLE } from '../protocol/words.js';
import { orphanedMarks } from '../system/instance-mark.js';
import { identityOf } from '../system/process-identity.js';
import { statOf } from '../system/process-tree.js';
import { adoptLife, type ServiceLife } from '../system/service-life.js';
import { STOP_COMMAND_MARK } from './service-forking.js';

export interface Adoptable {
  readonly service: string;
  readonly life: ServiceLife;
}

/** Of a stop command, which carries the mark of what it stops, and a letter. */
const isCommands = (mark: string) => mark.endsWith(STOP_COMMAND_MARK);

/** One that was started twice, by whatever accident, has one process that is its own; another is described nowhere. */
export function onlyOnce(found: readonly Adoptable[]): readonly Adoptable[] {
  const names = new Set<string>();
  return found.map(({ service, life }) => {
    const isFirst = !names.has(service);
    names.add(service);
    return { service: isFirst ? service : `${service}-${life.pid}`, life };
  });
}

/** One for each start: the oldest process whose parent is none of them. Others may be checks of its health. */
export function adoptable(supervisor: string): readonly Adoptable[] {
  const left = orphanedMarks(SERVICE_VARIABLE).filter(({ mark, value }) => isOfService(mark) && !isCommands(mark) && value?.startsWith(`${supervisor}/`));
  return [...grouped(left)].flatMap(([mark, members]) => {
    const pids = new Set(members.map(({ pid }) => pid));
    const stats = members.flatMap(({ pid }) => statOf(pid) ?? []);
    const [first] = stats.filter(({ parent }) => !pids.has(parent)).toSorted((a, b) => Number(a.startTicks) - Number(b.startTicks) || a.pid - b.pid);
    const identity = first && identityOf(first.pid);
    const service = members[0]?.value?.slice(supervisor.length + 1);
    return identity === undefined || service === undefined ? [] : [{ service, life: adoptLife(identity, mark, first?.group === first?.pid) }];
  });
}

function grouped<T extends { readonly mark: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.mark, [...(groups.get(item.mark) ?? []), item]);
  return groups;
}
