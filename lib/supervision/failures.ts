// Why a goal was not reached.

import type { Child } from './child.js';

/** Before the first success nothing is retried. */
export class StartFailure extends Error {
  readonly child: Child;
  constructor(group: string, child: Child) {
    super(`${group}: the first start failed`);
    this.child = child;
  }
}

export class ReloadFailure extends Error {
  readonly child: Child;
  readonly attempts: number;
  /** There are no old ones: they were stopped first, and new ones are tried on and on. */
  readonly isRestart: boolean;
  constructor(group: string, child: Child, attempts: number, isRestart: boolean) {
    super(`${group}: ${attempts} newcomers failed`);
    this.isRestart = isRestart;
    this.child = child;
    this.attempts = attempts;
  }
}

/** What a pending start, resize or reload rejects with when the group is stopped. */
export class Stopped extends Error {
  constructor(group: string) {
    super(`${group}: stopped before the goal was reached`);
  }
}
