// What workers leave behind: descendants that were alive when they were told to go.

import type { Clock } from '../system/clock.js';
import { type ProcessIdentity, stillAlive, sweep } from '../system/process-tree.js';
import type { WorkerProcess } from './worker-process.js';

/** How long it may take to end after SIGTERM. */
const LEFTOVERS_MS = 5_000;

export class Families {
  #known: readonly ProcessIdentity[] = [];

  /** Those that may still live. */
  get left(): readonly ProcessIdentity[] {
    return this.#known;
  }

  onLeft({ family, forked }: Pick<WorkerProcess, 'family' | 'forked'>, clock: Clock): void {
    this.#known = [...this.#known.filter(identity => stillAlive([identity]).length > 0), ...family];
    void sweep({ mark: forked.mark, known: family, graceMs: LEFTOVERS_MS, clock });
  }
}
