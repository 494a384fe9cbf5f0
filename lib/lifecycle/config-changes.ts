// What another configuration means for the services there are. Pure.

export interface Named {
  readonly name: string;
}

export type ChangeKind = 'added' | 'changed' | 'removed' | 'unchanged';

export interface ServiceChange {
  readonly name: string;
  readonly kind: ChangeKind;
  /** Keys of the description that differ. */
  readonly keys: readonly string[];
}

/** Where it is described is no change of what it is. */
const NOT_COMPARED = ['source', 'desired'];

export function configChanges(before: readonly Named[], after: readonly Named[]): readonly ServiceChange[] {
  const old = new Map(before.map(spec => [spec.name, spec]));
  const kept = new Set(after.map(({ name }) => name));
  const removed = before.filter(({ name }) => !kept.has(name)).map(({ name }) => ({ name, kind: 'removed' as const, keys: [] }));
  return [...after.map(spec => changeOf(old.get(spec.name), spec)), ...removed];
}

function changeOf(before: Named | undefined, after: Named): ServiceChange {
  if (before === undefined) return { name: after.name, kind: 'added', keys: [] };
  const keys = differingKeys(before, after);
  return { name: after.name, kind: keys.length === 0 ? 'unchanged' : 'changed', keys };
}

function differingKeys(before: object, after: object): string[] {
  const [a, b] = [before, after] as Record<string, unknown>[];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(key => !NOT_COMPARED.includes(key));
  return names.filter(key => stable(a?.[key]) !== stable(b?.[key]));
}

/** The same text for the same facts, whatever their order. */
function stable(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([x], [y]) => (x < y ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}
