// The end of a cluster: apps, then the agent, then whatever they left behind, under one budget.

import type { Emit } from '../protocol/events.js';
import type { Patiences } from '../supervision/child.js';
import { type Part, type StopReport, stopInOrder } from '../supervision/stop-in-order.js';
import type { Clock } from '../system/clock.js';
import { memoryFacts } from '../system/memory.js';
import { sweep } from '../system/process-tree.js';
import type { Timeouts } from './settings.js';
import type { Workforce } from './workforce.js';

export interface StopOptions {
  /** When it aborts, nothing is polite any more. */
  readonly force?: AbortSignal;
  /** When it aborts, what is only courtesy is over. */
  readonly hurry?: AbortSignal;
  /** The sockets are not given up: a successor has them. */
  readonly isSucceeded?: boolean;
  /** What asked for it, for the log. */
  readonly signal?: string;
}

export interface ShutDownFacts {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly timeouts: Timeouts;
  /** Begins the mark of every child and its descendants. */
  readonly instance: string;
  /** Undefined when the start had not come that far. */
  readonly workforce: Workforce | undefined;
}

/** Descendants got their SIGTERM with their worker; this long at most they may still take. */
const LEFTOVERS_MS = 5_000;

/** @param finish when all processes are gone, before it is told */
export async function shutDown(facts: ShutDownFacts, { force, signal, isSucceeded = false }: StopOptions, finish: () => void): Promise<StopReport> {
  const { clock, emit, timeouts, instance, workforce } = facts;
  const { budgetMs } = timeouts;
  const startedAt = clock.now();
  emit({ type: 'cluster-stopping', signal, budgetMs, memory: memoryFacts() });
  const deadline = new AbortController();
  const cancelDeadline = clock.after(budgetMs, () => deadline.abort());
  const ledger = workforce?.losses.open();
  workforce?.notices.clusterStopping();
  for (const agent of workforce?.agents?.workers ?? []) agent.stay();
  workforce?.dropSpares();
  if (isSucceeded) workforce?.listeners.bequeath();
  else workforce?.listeners.close();
  if (force?.aborted) await ledger?.isOpen; // What is cut is known before.
  const report = await stopInOrder(partsOf(facts), force ? AbortSignal.any([force, deadline.signal]) : deadline.signal);
  cancelDeadline();
  const losses = await ledger?.close();
  const leftMs = budgetMs - (clock.now() - startedAt);
  const known = workforce?.families.left ?? [];
  await sweep({ mark: instance, known, graceMs: force?.aborted ? 0 : Math.max(0, Math.min(leftMs, LEFTOVERS_MS)), clock });
  finish();
  emit({ type: 'cluster-stopped', forced: report.forced, survived: report.survived, tookMs: Math.round(clock.now() - startedAt), losses });
  return { ...report, losses };
}

/** How long a crew may take, drain included. */
const closeMsOf = ({ close, drain = 0, stop = 0 }: Patiences) => close ?? drain + stop;

/** In the order of their start. */
function partsOf({ workforce, emit, timeouts }: ShutDownFacts): Part[] {
  const crews = [workforce?.agents, workforce?.apps].filter(crew => crew !== undefined);
  return crews.map(({ role, group }) => ({
    name: role,
    stop: force => {
      emit({ type: 'crew-stopping', role, waitMs: closeMsOf(timeouts[role]) });
      return group.stop(force);
    },
  }));
}
