// Which slots may be forked now, and when the others may again. Owns one timer per slot.

import { type RestartPolicy, recentFailures, restartDelayMs } from '../lifecycle/restart-policy.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { GroupEvent } from './group-needs.js';

interface Slot {
  /** Consecutive unstable exits. */
  unstable: number;
  mayFork: boolean;
  cancelRetry: Cancel | undefined;
}

export interface SlotRetriesNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly policy: RestartPolicy;
  /** Somebody who is booted waits to take a place. */
  readonly hasSpare?: (() => boolean) | undefined;
  /** A slot may be forked again. */
  readonly onRetry: () => void;
}

export interface BackOff {
  readonly waitMs: number;
  /** Of the whole group, within the policy's time. */
  readonly failures: number;
  /** There were too many in a row: it will not be forked until the next goal. */
  readonly isOver: boolean;
}

export class SlotRetries {
  readonly #needs: SlotRetriesNeeds;
  readonly #slots = new Map<number, Slot>();
  #failures: number[] = [];

  constructor(needs: SlotRetriesNeeds) {
    this.#needs = needs;
  }

  get isAnyWaiting(): boolean {
    return [...this.#slots.values()].some(({ cancelRetry }) => cancelRetry !== undefined);
  }

  mayFork(slot: number): boolean {
    return this.#slot(slot).mayFork;
  }

  /** A new goal is a new chance: past failures are forgotten. */
  forget(): void {
    for (const slot of this.#slots.values()) slot.cancelRetry?.();
    this.#slots.clear();
    this.#failures = [];
  }

  /** Not until the next goal: nobody is replaced here. */
  leaveEmpty(slot: number): GroupEvent {
    this.#slot(slot).mayFork = false;
    return { type: 'slot-left-empty', slot };
  }

  /** The same, because it asked for it. */
  giveUp(slot: number): GroupEvent {
    this.#slot(slot).mayFork = false;
    return { type: 'slot-gave-up', slot, isAsked: true };
  }

  retry(slot: number, readyAt: number | undefined): GroupEvent {
    const { isOver, ...backOff } = this.backOff(slot, readyAt);
    return isOver ? { type: 'slot-gave-up', slot, isAsked: false } : { type: 'backing-off', slot, ...backOff };
  }

  /** @param readyAt when the dead child had become ready, if it had */
  backOff(index: number, readyAt: number | undefined): BackOff {
    const { clock, random, policy, onRetry, hasSpare } = this.#needs;
    const slot = this.#slot(index);
    const now = clock.now();
    const wasStable = readyAt !== undefined && now - readyAt >= policy.stableAfterMs;
    slot.unstable = wasStable ? 0 : slot.unstable + 1;
    this.#failures = recentFailures([...this.#failures, now], now, policy);
    const failures = this.#failures.length;
    const isProven = slot.unstable === 1 && failures <= policy.maxFailures && hasSpare?.() === true; // It has booted: the first time there is nothing to wait for.
    const waitMs = isProven ? 0 : restartDelayMs(slot.unstable, failures, random(), policy);
    slot.cancelRetry?.();
    slot.mayFork = false;
    const isOver = slot.unstable > (policy.mostUnstable ?? Number.POSITIVE_INFINITY);
    if (isOver) return { waitMs: 0, failures, isOver };
    slot.cancelRetry = clock.after(waitMs, () => {
      slot.cancelRetry = undefined;
      slot.mayFork = true;
      onRetry();
    });
    return { waitMs, failures, isOver };
  }

  #slot(index: number): Slot {
    const slot = this.#slots.get(index) ?? { unstable: 0, mayFork: true, cancelRetry: undefined };
    this.#slots.set(index, slot);
    return slot;
  }
}
