// Which ports to try for a service, in which order. Pure.

export interface PortFacts {
  /** Of its instance that runs already. */
  readonly running?: number | undefined;
  /** What its configuration says. */
  readonly preferred?: number | undefined;
  readonly last?: number | undefined;
  readonly from: number;
  readonly to: number;
  readonly isFixed: boolean;
}

/** Each once. A fixed port is the only one. */
export function* portCandidates({ running, preferred, last, from, to, isFixed }: PortFacts): Generator<number> {
  if (isFixed) return yield from;
  const first = [running, preferred, last].filter(port => port !== undefined);
  const tried = new Set<number>();
  for (const port of first) {
    if (!tried.has(port)) yield port;
    tried.add(port);
  }
  for (let port = from; port <= to; port++) if (!tried.has(port)) yield port;
}
