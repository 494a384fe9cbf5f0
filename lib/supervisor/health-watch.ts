// Asks after the health of one process again and again, from its start to its end. Owns one timer.

import type { Pace } from '../protocol/service-spec.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { Verdict } from '../system/probes.js';

/** While it starts: quickly at first, then at the requirement's pace. */
const FIRST_MS = 50;
const POLL_MS = 500;
/** One check while it starts may take so long. */
const START_LIMIT_MS = 2_000;
/** So that many do not ask in the same moment. */
const JITTER = 0.2;
/** Of one interval. */
const BEATS = 10;

export interface HealthFacts {
  readonly isHealthy: boolean;
  /** Why not. */
  readonly reason: Verdict;
  /** In a row. */
  readonly failures: number;
  /** By the clock. */
  readonly atMs: number;
  readonly tookMs: number;
}

export interface HealthNeeds {
  readonly pace: Pace;
  readonly clock: Clock;
  readonly random: () => number;
  /** One check. Never rejects, and ends within its limit. */
  readonly probe: (limitMs: number) => Promise<Verdict>;
  readonly onFacts: (facts: HealthFacts) => void;
}

export class HealthWatch {
  readonly #needs: HealthNeeds;
  #cancel: Cancel = () => {};
  #isOver = false;
  #wasHealthy = false;
  #failures = 0;
  #pollMs = FIRST_MS;

  constructor(needs: HealthNeeds) {
    this.#needs = needs;
  }

  start(): void {
    this.#after(FIRST_MS);
  }

  end(): void {
    this.#isOver = true;
    this.#cancel();
  }

  #after(ms: number): void {
    if (!this.#isOver) this.#cancel = this.#needs.clock.after(ms, () => void this.#check());
  }

  async #check(): Promise<void> {
    const { clock, probe, pace, onFacts } = this.#needs;
    const startedAt = clock.now();
    const reason = await probe(this.#wasHealthy ? pace.timeoutMs : Math.min(pace.timeoutMs, START_LIMIT_MS));
    if (this.#isOver) return;
    this.#failures = reason === undefined ? 0 : this.#failures + 1;
    this.#wasHealthy ||= reason === undefined;
    onFacts({ isHealthy: reason === undefined, reason, failures: this.#failures, atMs: clock.now(), tookMs: clock.now() - startedAt });
    this.#after(this.#nextMs());
  }

  #nextMs(): number {
    const { pace, random } = this.#needs;
    if (this.#wasHealthy) return this.#onTheBeat(pace.intervalMs * (1 - JITTER / 2 + random() * JITTER));
    this.#pollMs = Math.min(POLL_MS, this.#pollMs * 2);
    return this.#pollMs;
  }

  /** A few moments of an interval, at each of which some services are asked: one wake-up for all of them, and code that is warm. */
  #onTheBeat(ms: number): number {
    const { pace, clock } = this.#needs;
    const beatMs = pace.intervalMs / BEATS;
    const now = clock.now();
    return Math.round((now + ms) / beatMs) * beatMs - now;
  }
}
