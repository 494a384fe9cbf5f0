// How long to wait before a dead child is replaced. Pure.

export interface RestartPolicy {
  /** Delay after a life that was ready for `stableAfterMs`. */
  readonly stableDelayMs: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** How much a delay may grow by chance, so that many do not come back at once. */
  readonly jitter: number;
  /** A child ready for this long has lived stably: its slot's failures are forgotten. */
  readonly stableAfterMs: number;
  /** More failures of the whole group than this within `withinMs`: every retry waits the longest delay. */
  readonly maxFailures: number;
  readonly withinMs: number;
  /** More consecutive unstable exits of one slot than this: it is given up. Undefined: never. */
  readonly mostUnstable?: number;
}

/** After an app worker's death. 60 in 60 s are cfork's numbers; the doubling with jitter is the usual cure for herds. */
export const APP_RESTART: RestartPolicy = {
  stableDelayMs: 0,
  firstDelayMs: 100,
  longestDelayMs: 30_000,
  jitter: 0.5,
  stableAfterMs: 10_000,
  maxFailures: 60,
  withinMs: 60_000,
};

/** After the agent's death: egg-cluster's one second, then doubling while it stays unstable. There is only one: no jitter. */
export const AGENT_RESTART: RestartPolicy = { ...APP_RESTART, stableDelayMs: 1_000, firstDelayMs: 1_000, jitter: 0 };

/**
 * @param unstable consecutive unstable exits of this slot; 0 after a stable life
 * @param recent failures of the group within `withinMs`, the newest included
 * @param random in [0, 1)
 */
export function restartDelayMs(unstable: number, recent: number, random: number, policy: RestartPolicy): number {
  if (recent > policy.maxFailures) return policy.longestDelayMs;
  if (unstable === 0) return policy.stableDelayMs;
  return Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (unstable - 1) * (1 + random * policy.jitter));
}

/** Failures that still count, `now` included. */
export function recentFailures(failures: readonly number[], now: number, { withinMs }: RestartPolicy): number[] {
  return failures.filter(at => now - at < withinMs);
}
