// A reload or a restart under way: where it began, and how its newcomers fare.

import type { Child } from './child.js';
import { type GroupSpec, isForGood } from './group-needs.js';

export class Rollout {
  /** The generation it began with; a restart's is its own. */
  readonly from: number;
  readonly #spec: GroupSpec;
  /** Newcomers that failed. */
  failures = 0;

  constructor(from: number, spec: GroupSpec) {
    this.from = from;
    this.#spec = spec;
  }

  /** Of a reload also one that was ready, but did not last; of a restart only one that never was: there is nothing to go back to. */
  isNewcomer({ readyAt, generation }: Child, current: number, now: number): boolean {
    if (generation !== current) return false;
    return readyAt === undefined || (this.from !== current && now - readyAt < this.#spec.restart.stableAfterMs);
  }

  /** One more newcomer has failed: true when that was too many. */
  isOverWith({ exit }: Child): boolean {
    this.failures++;
    return this.failures >= this.#spec.reloadAttempts || isForGood(exit, this.#spec);
  }
}
