// Processor use in percent: what a process has used since the last look, kept per pid.

import type { ProcessUsage } from '../protocol/snapshot.js';
import type { Clock } from '../system/clock.js';
import { type Usage, usageOf } from '../system/process-usage.js';

interface Look extends Usage {
  readonly atMs: number;
  readonly percent: number | undefined;
}

/** Looks that are nearer give the one before. */
const SHORTEST_MS = 400;

export class Usages {
  readonly #clock: Clock;
  readonly #looks = new Map<number, Look>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param sinceMs when it was started, by the clock: the first percentage is over its whole life */
  of(pid: number, sinceMs: number): ProcessUsage {
    const usage = usageOf(pid);
    if (usage === undefined) return {};
    const atMs = this.#clock.now();
    const before = this.#looks.get(pid) ?? { cpuMs: 0, atMs: sinceMs, percent: undefined };
    if (atMs - before.atMs < SHORTEST_MS) return { rssBytes: usage.rssBytes, cpuPercent: before.percent };
    const percent = (Math.max(0, usage.cpuMs - before.cpuMs) / (atMs - before.atMs)) * 100;
    this.#looks.set(pid, { ...usage, atMs, percent });
    return { rssBytes: usage.rssBytes, cpuPercent: percent };
  }

  keepOnly(pids: readonly number[]): void {
    for (const pid of this.#looks.keys()) if (!pids.includes(pid)) this.#looks.delete(pid);
  }
}
