// In which order services start: each after what it depends on. Pure.

export interface Dependent {
  readonly name: string;
  readonly dependsOn: readonly string[];
}

export interface DependencyIssue {
  readonly name: string;
  /** What it depends on that there is not. */
  readonly unknown?: string;
  /** A way that leads back: a, b, a. */
  readonly cycle?: readonly string[];
}

/** Every name that is not known, and each circle once. */
export function dependencyIssues(all: readonly Dependent[]): readonly DependencyIssue[] {
  const byName = new Map(all.map(item => [item.name, item]));
  const unknown = all.flatMap(({ name, dependsOn }) => dependsOn.filter(wanted => !byName.has(wanted)).map(wanted => ({ name, unknown: wanted })));
  const done = new Set<string>();
  const cycles: DependencyIssue[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const at = trail.indexOf(name);
    if (at >= 0) cycles.push({ name, cycle: [...trail.slice(at), name] });
    if (at >= 0 || done.has(name)) return;
    for (const next of byName.get(name)?.dependsOn ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const { name } of all) visit(name, []);
  return [...unknown, ...cycles];
}

/** Names, each after everything it depends on; those that depend on nothing keep their order. There must be no circle. */
export function startOrder(all: readonly Dependent[]): readonly string[] {
  const byName = new Map(all.map(item => [item.name, item]));
  const order = new Set<string>();
  const add = (name: string): void => {
    const item = byName.get(name);
    if (item === undefined || order.has(name)) return;
    for (const wanted of item.dependsOn) add(wanted);
    order.add(name);
  };
  for (const { name } of all) add(name);
  return [...order];
}

/** The named ones and all they depend on. */
export function withDependencies(names: readonly string[], all: readonly Dependent[]): ReadonlySet<string> {
  return new Set(startOrder(reachable(names, all)));
}

function reachable(names: readonly string[], all: readonly Dependent[]): readonly Dependent[] {
  const byName = new Map(all.map(item => [item.name, item]));
  const found = new Map<string, Dependent>();
  const add = (name: string): void => {
    const item = byName.get(name);
    if (item === undefined || found.has(name)) return;
    found.set(name, item);
    item.dependsOn.forEach(add);
  };
  names.forEach(add);
  return [...found.values()];
}

/** The heaviest of all ways along dependencies: how long everything takes when what is independent goes side by side. There must be no circle. */
export function longestWay(all: readonly (Dependent & { readonly weight: number })[]): number {
  const byName = new Map(all.map(item => [item.name, item]));
  const known = new Map<string, number>();
  for (const name of startOrder(all)) {
    const { dependsOn = [], weight = 0 } = byName.get(name) ?? {};
    known.set(name, weight + Math.max(0, ...dependsOn.map(wanted => known.get(wanted) ?? 0)));
  }
  return Math.max(0, ...known.values());
}
