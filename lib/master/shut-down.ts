// The end of a cluster: apps, then the agent, then whatever they left behind, under one budget.

import type { Emit } from '../protocol/events.js';
import type { Patiences } from '../supervision/child.js';
import type { GroupStopReport } from '../supervision/group-needs.js';
import { type Part, type StopReport, stopInOrder } from '../supervision/stop-in-order.js';
import { memoryFacts } from '../system/memory.js';
import { type NamedProcess, type Swept, sweep } from '../system/process-tree.js';
import type { ClusterNeeds } from './cluster-needs.js';
import { tellDraining } from './draining.js';
import { lameDuck } from './lame-duck.js';
import type { Settings } from './settings.js';
import type { StopOptions, StopPatience } from './stop-patience.js';
import type { WorkerProcess } from './worker-process.js';
import type { Workforce } from './workforce.js';

export interface ShutDownFacts {
  readonly needs: Pick<ClusterNeeds, 'clock' | 'mark'> & { readonly events: { readonly emit: Emit } };
  readonly settings: Settings;
  /** It was up: clients may have been sent here. */
  readonly wasReady: boolean;
  /** Undefined when the start had not come that far. */
  readonly workforce: Workforce | undefined;
  readonly patience: StopPatience;
}

/** Descendants got their SIGTERM with their worker; this long at most they may still take. */
const LEFTOVERS_MS = 5_000;

/** @param finish when all processes are gone, before it is told */
export async function shutDown(facts: ShutDownFacts, { signal, isSucceeded = false }: StopOptions, finish: () => void): Promise<StopReport> {
  const { needs, settings, workforce, patience, wasReady } = facts;
  const { clock, events } = needs;
  const emit: Emit = event => events.emit(event);
  const { budgetMs } = settings.timeouts;
  const startedAt = clock.now();
  const isServing = wasReady && (workforce?.apps.workers.some(worker => worker.isServing) ?? false);
  const lameDuckMs = isServing ? settings.upkeep.lameDuckMs : 0;
  emit({ type: 'cluster-stopping', signal, budgetMs, memory: memoryFacts() });
  const ledger = workforce?.losses.open();
  if (lameDuckMs > 0 && !isSucceeded) await lameDuck({ clock, emit, lameDuckMs, budgetMs, patience });
  const cancelDeadline = patience.begin(budgetMs);
  const workers = workforce?.children ?? [];
  const names = namesOf(workers, workforce?.spares.peers ?? []);
  workforce?.notices.clusterStopping();
  for (const agent of workforce?.agents?.workers ?? []) agent.stay();
  workforce?.dropEarly();
  if (isSucceeded) workforce?.listeners.bequeath();
  else await workforce?.listeners.close();
  if (patience.force.aborted) await ledger?.isOpen; // What is cut is known before.
  const endTelling = tellDraining({ clock, emit, children: () => workforce?.children ?? [], leftMs: () => patience.leftMs });
  const report = await stopInOrder(partsOf(facts), patience.force);
  endTelling();
  const losses = await ledger?.close();
  const swept = await sweepUp(facts);
  cancelDeadline();
  finish();
  const killed = [...workers.flatMap(({ killedFamily }) => killedFamily), ...swept.killed];
  const whole = { ...withDescendants(report, killed, swept.left, names), losses };
  const { forced, survived } = whole;
  emit({ type: 'cluster-stopped', forced, survived, names: whole.names, tookMs: Math.round(clock.now() - startedAt), losses });
  return whole;
}

/** What the workers left behind. */
function sweepUp({ needs: { clock, mark }, workforce, patience }: ShutDownFacts): Promise<Swept> {
  return sweep({ mark, known: workforce?.families.left ?? [], graceMs: Math.min(patience.leftMs, LEFTOVERS_MS), clock, force: patience.force });
}

/** By pid. */
function namesOf(workers: readonly WorkerProcess[], spares: readonly { readonly pid: number }[]): Readonly<Record<number, string>> {
  const named = workers.map(({ pid, role, place: { id } }) => [pid, `${role}_worker#${id}`] as const);
  return Object.fromEntries([...named, ...spares.map(({ pid }) => [pid, 'spare'] as const)]);
}

function withDescendants(
  report: StopReport,
  killed: readonly NamedProcess[],
  left: readonly NamedProcess[],
  names: Readonly<Record<number, string>>,
): StopReport {
  const pidsOf = (processes: readonly NamedProcess[]) => processes.map(({ pid }) => pid);
  const forced = [...new Set([...report.forced, ...pidsOf(killed)])];
  const survived = [...new Set([...report.survived, ...pidsOf(left)])];
  const all: Readonly<Record<number, string>> = { ...Object.fromEntries(killed.map(({ pid, name }) => [pid, name])), ...names };
  const told = [...forced, ...survived].flatMap(pid => (all[pid] === undefined ? [] : [[pid, all[pid]] as const]));
  return { ...report, forced, survived, names: Object.fromEntries(told) };
}

/** How long a crew may take, drain included. */
const closeMsOf = ({ close, drain = 0, stop = 0 }: Patiences) => close ?? drain + stop;

function together(crew: GroupStopReport, spares: GroupStopReport | undefined): GroupStopReport {
  return { forced: [...crew.forced, ...(spares?.forced ?? [])], survived: [...crew.survived, ...(spares?.survived ?? [])] };
}

/** In the order of their start. */
function partsOf({ needs: { events }, workforce, settings }: ShutDownFacts): Part[] {
  const { timeouts } = settings;
  const crews = [workforce?.agents, workforce?.apps].filter(crew => crew !== undefined);
  return crews.map(({ role, group }) => ({
    name: role,
    stop: async force => {
      events.emit({ type: 'crew-stopping', role, waitMs: closeMsOf(timeouts[role]) });
      const spares = role === 'app' ? workforce?.spares.stop(force) : undefined;
      return together(await group.stop(force), await spares);
    },
  }));
}
