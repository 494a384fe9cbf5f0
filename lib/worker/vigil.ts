// Watches a main thread from another one: how long it has been silent, and what is to be done then. Owns one timer; knows no thread.

import type { Cancel, Clock } from '../system/clock.js';

const LOOKS_IN_LIMIT = 20;
const LONGEST_LOOK_MS = 500;
const SHORTEST_LOOK_MS = 10;
/** What is seen must be written when the master's patience is over. */
const EARLIER_MS = 2_000;

export interface VigilNeeds {
  readonly clock: Clock;
  readonly limitMs: number;
  /** How often the main thread has come by. */
  readonly beats: () => number;
  /** It may stand at a breakpoint. */
  readonly isDebugged: () => boolean;
  /** Its master is gone. */
  readonly isOrphaned: () => boolean;
  readonly orphanMs: number;
  /** It is blocked: look at it. */
  readonly capture: () => void;
  /** It has come back in time: what was seen is of no interest. */
  readonly drop: () => void;
  /** It is blocked for good, and nobody is left who could end it. */
  readonly end: () => void;
}

export class Vigil {
  readonly #needs: VigilNeeds;
  readonly #lookMs: number;
  readonly #captureMs: number;
  #seen = -1;
  #silentMs = 0;
  #orphanedMs = 0;
  #hasCaptured = false;
  #lookedAt = 0;
  #cancel: Cancel = () => {};

  constructor(needs: VigilNeeds) {
    this.#needs = needs;
    const { limitMs } = needs;
    this.#lookMs = Math.min(LONGEST_LOOK_MS, Math.max(SHORTEST_LOOK_MS, limitMs / LOOKS_IN_LIMIT));
    this.#captureMs = Math.max(limitMs - EARLIER_MS, limitMs / 2);
  }

  start(): () => void {
    this.#lookedAt = this.#needs.clock.now();
    this.#next();
    return () => this.#cancel();
  }

  #next(): void {
    this.#cancel = this.#needs.clock.after(this.#lookMs, () => {
      this.#look();
      this.#next();
    });
  }

  #look(): void {
    const ms = this.#passedMs();
    const beats = this.#needs.beats();
    if (beats === this.#seen) this.#silentMs += ms;
    else this.#onBack(beats);
    const isBlocked = this.#silentMs >= this.#captureMs && !this.#needs.isDebugged();
    if (isBlocked && !this.#hasCaptured) {
      this.#hasCaptured = true;
      this.#needs.capture();
    }
    this.#orphanedMs = isBlocked && this.#needs.isOrphaned() ? this.#orphanedMs + ms : 0;
    if (this.#orphanedMs >= this.#needs.orphanMs) this.#needs.end();
  }

  /** A look that comes much too late has slept with all the others of its process: it counts once. */
  #passedMs(): number {
    const now = this.#needs.clock.now();
    const tookMs = now - this.#lookedAt;
    this.#lookedAt = now;
    return Math.min(tookMs, 2 * this.#lookMs);
  }

  #onBack(beats: number): void {
    this.#seen = beats;
    if (this.#hasCaptured && this.#silentMs < this.#needs.limitMs) this.#needs.drop();
    this.#silentMs = 0;
    this.#hasCaptured = false;
  }
}
