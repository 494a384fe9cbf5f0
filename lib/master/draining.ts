// While a cluster drains: once a second what is still under way, by the workers' own counts of that moment.

import type { Emit } from '../protocol/events.js';
import { type Cancel, type Clock, repeat } from '../system/clock.js';
import { askVitals } from './ask-vitals.js';
import type { WorkerProcess } from './worker-process.js';

const EVERY_MS = 1_000;

export interface DrainingFacts {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly children: () => readonly WorkerProcess[];
  readonly leftMs: () => number;
}

/** Says nothing when nothing is under way. Returns how to end it. */
export function tellDraining({ clock, emit, children, leftMs }: DrainingFacts): Cancel {
  let isOver = false;
  const tell = async () => {
    await askVitals(children(), clock);
    const { requests, sockets } = underWay(children());
    if (!isOver && requests + sockets > 0) emit({ type: 'cluster-draining', requests, sockets, leftMs: Math.round(leftMs()) });
  };
  const cancel = repeat(clock, EVERY_MS, () => void tell());
  return () => {
    isOver = true;
    cancel();
  };
}

/** Of one that does not answer: what it said last. */
export function underWay(children: readonly Pick<WorkerProcess, 'hasExited' | 'beats'>[]): { readonly requests: number; readonly sockets: number } {
  const vitals = children.flatMap(({ hasExited, beats }) => (hasExited ? [] : (beats.vitals ?? [])));
  return {
    requests: vitals.reduce((sum, { inFlight }) => sum + inFlight, 0),
    sockets: vitals.reduce((sum, { connections }) => sum + connections, 0),
  };
}
