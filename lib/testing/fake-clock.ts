// Time that passes only when the test says so.

import { afterRunning, type Cancel, type Clock } from '../system/clock.js';

export class FakeClock implements Clock {
  #now = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  /** Timers that are set. */
  get pending(): number {
    return this.#timers.length;
  }

  after(ms: number, callback: () => void): Cancel {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  afterRunning(ms: number, callback: () => void): Cancel {
    return afterRunning(this, ms, callback);
  }

  /** As if the process had been stopped: time passes, and timers that are due come late, at the next tick. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Runs due timers in order of time, including those they set. */
  tick(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [due] = this.#timers.filter(timer => timer.at <= until).toSorted((a, b) => a.at - b.at);
      if (!due) break;
      this.#timers = this.#timers.filter(timer => timer !== due);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = until;
  }
}
