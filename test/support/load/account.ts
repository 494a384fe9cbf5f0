// What came of a load: how its requests ended, told apart by whose fault it would be.

/**
 * `refused`: nobody listened. `resetFresh`: reset before a response on a new connection. `resetReused`: the same on a kept-alive one that had been
 * idle. `cut`: a response that had begun broke off. `hung`: no answer within the limit. `status`: not 2xx. `wrong`: an answer to something else, or
 * a fault of the client's own.
 */
export const OUTCOMES = ['ok', 'refused', 'resetFresh', 'resetReused', 'cut', 'hung', 'status', 'wrong'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface Failure {
  readonly outcome: Outcome;
  readonly reason: string;
  /** Milliseconds since the load began. */
  readonly atMs: number;
}

export interface Account {
  readonly counts: Readonly<Record<Outcome, number>>;
  /** The slowest answer. */
  readonly maxMs: number;
  /** Answers by the pid that gave them. */
  readonly who: Readonly<Record<string, number>>;
  /** The first few. */
  readonly failures: readonly Failure[];
  /** Long connections that ended before they were stopped: who held them, and when, in milliseconds since 1970. */
  readonly ends: readonly { readonly pid: string; readonly at: number }[];
}

const MOST_FAILURES = 10;

/** Written by the loads, read by their owner. */
export class Ledger implements Account {
  readonly counts = Object.fromEntries(OUTCOMES.map(outcome => [outcome, 0])) as Record<Outcome, number>;
  readonly who: Record<string, number> = {};
  readonly failures: Failure[] = [];
  readonly ends: { readonly pid: string; readonly at: number }[] = [];
  maxMs = 0;
  readonly #startedAt = performance.now();

  add(outcome: Outcome, reason: string, tookMs: number): void {
    this.counts[outcome]++;
    this.maxMs = Math.max(this.maxMs, Math.round(tookMs));
    if (outcome !== 'ok' && this.failures.length < MOST_FAILURES)
      this.failures.push({ outcome, reason, atMs: Math.round(performance.now() - this.#startedAt) });
  }

  answeredBy(pid: string): void {
    this.who[pid] = (this.who[pid] ?? 0) + 1;
  }
}

const sum = (accounts: readonly Account[], outcomes: readonly Outcome[]) =>
  accounts.reduce((total, { counts }) => total + outcomes.reduce((part, outcome) => part + counts[outcome], 0), 0);

export const requestsOf = (...accounts: readonly Account[]): number => sum(accounts, OUTCOMES);
export const failedOf = (...accounts: readonly Account[]): number => sum(accounts, OUTCOMES.slice(1));
export const countOf = (outcome: Outcome, ...accounts: readonly Account[]): number => sum(accounts, [outcome]);
