// What one worker has said of itself, and when: its last two beats, from which rates come.

import type { WorkerVitals } from '../protocol/snapshot.js';

/** Two beats that are nearer say nothing of a rate. */
const SHORTEST_MS = 400;

export class Beats {
  #before: WorkerVitals | undefined;
  #last: WorkerVitals | undefined;
  #waiting: (() => void)[] = [];
  /** Called after each. */
  onBeat: () => void = () => {};
  /** By the master's monotonic clock. */
  lastAtMs: number | undefined;

  get vitals(): WorkerVitals | undefined {
    return this.#last;
  }

  get requestsPerSecond(): number | undefined {
    const [before, last] = [this.#before, this.#last];
    if (before === undefined || last === undefined) return undefined;
    return Math.max(0, ((last.requests - before.requests) * 1_000) / (last.atMs - before.atMs));
  }

  hear(vitals: WorkerVitals, atMs: number): void {
    if (this.#last === undefined || vitals.atMs - this.#last.atMs >= SHORTEST_MS) this.#before = this.#last;
    this.#last = vitals;
    this.lastAtMs = atMs;
    for (const wake of this.#waiting.splice(0)) wake();
    this.onBeat();
  }

  /** Resolves with the next one; never, if none comes. */
  next(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
    });
  }
}
