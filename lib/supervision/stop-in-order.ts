// Stops parts in the reverse of their start order, under one budget.

import type { LossAccount } from '../protocol/snapshot.js';
import type { GroupStopReport } from './group-needs.js';

export interface Part {
  readonly name: string;
  /** Resolves when the part is down. Once `force` aborts, it must stop being polite. */
  stop(force: AbortSignal): Promise<GroupStopReport | undefined>;
}

export interface StopReport {
  readonly stopped: readonly string[];
  /** Processes that had to be killed. */
  readonly forced: readonly number[];
  /** Processes that could not even be killed. */
  readonly survived: readonly number[];
  readonly failed: ReadonlyMap<string, unknown>;
  /** Who they were that had to be killed: `app_worker#3`, or the command of what a worker left behind. By pid. */
  readonly names?: Readonly<Record<number, string>> | undefined;
  /** Undefined when nothing had been started. */
  readonly losses?: LossAccount | undefined;
}

export async function stopInOrder(started: readonly Part[], force: AbortSignal): Promise<StopReport> {
  const stopped: string[] = [];
  const forced: number[] = [];
  const survived: number[] = [];
  const failed = new Map<string, unknown>();

  for (const part of started.toReversed()) {
    try {
      const report = await part.stop(force);
      stopped.push(part.name);
      forced.push(...(report?.forced ?? []));
      survived.push(...(report?.survived ?? []));
    } catch (error) {
      failed.set(part.name, error); // One part that cannot stop must not keep the others up.
    }
  }
  return { stopped, forced, survived, failed };
}
