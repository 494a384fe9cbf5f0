// What a killed supervisor of this name has left running: known by the mark and the name in each process's environment.

import { SERVICE_VARIABLE } from '../control/find-service.js';
import { orphanedMarks } from '../system/instance-mark.js';
import { identityOf } from '../system/process-identity.js';
import { statOf } from '../system/process-tree.js';
import { adoptLife, type ServiceLife } from '../system/service-life.js';

export interface Adoptable {
  readonly service: string;
  readonly life: ServiceLife;
}

/** One for each start: the process whose parent is none of them. */
export function adoptable(supervisor: string): readonly Adoptable[] {
  const left = orphanedMarks(SERVICE_VARIABLE).filter(({ value }) => value?.startsWith(`${supervisor}/`));
  return [...grouped(left)].flatMap(([mark, members]) => {
    const pids = new Set(members.map(({ pid }) => pid));
    const [first] = members.filter(({ pid }) => !pids.has(statOf(pid)?.parent ?? 0)).toSorted((a, b) => a.pid - b.pid);
    const identity = first && identityOf(first.pid);
    const service = first?.value?.slice(supervisor.length + 1);
    return identity === undefined || service === undefined ? [] : [{ service, life: adoptLife(identity, mark) }];
  });
}

function grouped<T extends { readonly mark: string }>(items: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(item.mark, [...(groups.get(item.mark) ?? []), item]);
  return groups;
}
