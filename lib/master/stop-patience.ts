// How polite a stop still is: everybody who asks for it may shorten it, also while it is under way.

import { IMPATIENCE_MS } from '../instance/signals.js';
import type { Cancel, Clock } from '../system/clock.js';

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

export class StopPatience {
  readonly #clock: () => Clock;
  readonly #force = new AbortController();
  readonly #hurry = new AbortController();
  #endsAt = Number.POSITIVE_INFINITY;
  /** Somebody has asked for the stop. */
  wasTold = false;

  constructor(clock: () => Clock) {
    this.#clock = clock;
  }

  get force(): AbortSignal {
    return this.#force.signal;
  }
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }
  /** Until everything is forced; infinite before `begin`. */
  get leftMs(): number {
    return this.force.aborted ? 0 : Math.max(0, this.#endsAt - this.#clock().now());
  }

  heed({ force, hurry }: StopOptions): void {
    this.wasTold = true;
    follow(hurry, () => this.#beHurried());
    follow(force, () => {
      this.#force.abort();
      this.#hurry.abort();
    });
  }

  /** From now on the budget runs. Returns how to end that. */
  begin(budgetMs: number): Cancel {
    this.#endAt(this.#clock().now() + budgetMs);
    return this.#clock().after(budgetMs, () => this.#force.abort());
  }

  #beHurried(): void {
    this.#endAt(this.#clock().now() + IMPATIENCE_MS); // Whoever hurries forces then.
    this.#hurry.abort();
  }

  #endAt(at: number): void {
    this.#endsAt = Math.min(this.#endsAt, at);
  }
}

function follow(signal: AbortSignal | undefined, act: () => void): void {
  if (signal?.aborted) act();
  else signal?.addEventListener('abort', act, { once: true });
}
