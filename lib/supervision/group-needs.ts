// What a group is, what it needs, and what it tells.

import type { Goal } from '../lifecycle/reconcile.js';
import type { RestartPolicy } from '../lifecycle/restart-policy.js';
import type { Exit } from '../protocol/events.js';
import type { Clock } from '../system/clock.js';
import type { Child, Move, Patiences, SupervisedProcess } from './child.js';

export interface GroupSpec {
  readonly name: string;
  readonly restart: RestartPolicy;
  readonly patienceMs: Patiences;
  /** False: a death leaves its slot empty until the next goal. */
  readonly refork: boolean;
  /** False: there is nothing to drain, a retired child is told to stop at once. */
  readonly drains: boolean;
  /** There are never two of them: one that hangs is gone before it is replaced. */
  readonly isSole?: boolean;
  /** A child's exit codes that mean: do not restart me. */
  readonly exitsForGood: readonly number[];
  /** Also a first boot that fails is tried again; else it is final. */
  readonly retriesFirst?: boolean;
  /** So many newcomers of a reload may fail before it is called off. */
  readonly reloadAttempts: number;
  /** How long the first newcomer of a reload must serve before anybody leaves for one. 0: not at all. */
  readonly probationMs: number;
}

export interface Place {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
  /** Nobody has left for it yet, and nobody will before it has served for a while. */
  readonly isOnProbation?: boolean;
}

export interface GroupNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  /** Forks a process for the slot; a fork that fails is an exit, not an exception. */
  readonly fork: (place: Place) => SupervisedProcess;
  /** Somebody who is booted waits to take a place. */
  readonly hasSpare?: (() => boolean) | undefined;
  readonly emit: (event: GroupEvent) => void;
}

export type GroupEvent =
  | { readonly type: 'child-forked'; readonly child: Child }
  | ({ readonly type: 'child-moved'; readonly child: Child } & Move)
  | { readonly type: 'child-left'; readonly child: Child; readonly exit: Exit | undefined }
  | { readonly type: 'backing-off'; readonly slot: number; readonly waitMs: number; readonly failures: number }
  | { readonly type: 'slot-left-empty'; readonly slot: number }
  | { readonly type: 'slot-gave-up'; readonly slot: number; readonly isAsked: boolean }
  /** The first of a reload's newcomers has lasted. */
  | { readonly type: 'proven'; readonly generation: number }
  | { readonly type: 'settled'; readonly goal: Goal };

export const isForGood = (exit: Exit | undefined, { exitsForGood }: GroupSpec): boolean => typeof exit?.code === 'number' && exitsForGood.includes(exit.code);

export interface GroupStopReport {
  readonly forced: readonly number[];
  readonly survived: readonly number[];
}

export function reportOf(leaving: readonly Child[]): GroupStopReport {
  const pidsOf = (children: readonly Child[]) => children.map(child => child.process.pid);
  return { forced: pidsOf(leaving.filter(child => child.wasKilled)), survived: pidsOf(leaving.filter(child => child.status === 'lost')) };
}
