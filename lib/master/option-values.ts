// Small readings of option values, whose types have been checked. Pure.

export function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

export function toNumber(value: string | number | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}
