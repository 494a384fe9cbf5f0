// Which worker has done enough, and is replaced before it harms: by memory, by requests, by age. Pure.

export interface WearLimits {
  readonly memoryBytes?: number | undefined;
  readonly requests?: number | undefined;
  readonly ageMs?: number | undefined;
}

/** How a worker stands: what it measured last, and its age now. */
export interface Wear {
  readonly memoryBytes?: number | undefined;
  readonly requests?: number | undefined;
  readonly ageMs: number;
}

export type WornBy = 'memory' | 'requests' | 'age';

export interface WornOut {
  readonly by: WornBy;
  readonly value: number;
  /** Its own limit: a little below the one that was asked for. */
  readonly threshold: number;
}

/** How much a worker's own limit may be below the one asked for: those that were born together do not wear out together. */
const JITTER = 0.1;
/** A newcomer that holds too much memory already after so short a life will not get better by being replaced … */
const SHORT_LIFE_MS = 10_000;
/** … unless it has answered so many: then it was not above its limit from the start, it leaks. */
const MANY_REQUESTS = 100;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** One worker's own limits. @param random in [0, 1), one draw for all of them */
export function thresholdsOf(limits: WearLimits, random: number): WearLimits {
  const own = (limit: number | undefined) => (limit === undefined ? undefined : Math.max(1, Math.floor(limit * (1 - JITTER * random))));
  return { memoryBytes: own(limits.memoryBytes), requests: own(limits.requests), ageMs: own(limits.ageMs) };
}

/** Reaching the limit of requests or age is enough, memory has to be above it. The most urgent one is told. */
export function wornOut({ memoryBytes, requests, ageMs }: Wear, own: WearLimits): WornOut | undefined {
  if (memoryBytes !== undefined && own.memoryBytes !== undefined && memoryBytes > own.memoryBytes)
    return { by: 'memory', value: memoryBytes, threshold: own.memoryBytes };
  if (requests !== undefined && own.requests !== undefined && requests >= own.requests) return { by: 'requests', value: requests, threshold: own.requests };
  if (own.ageMs !== undefined && ageMs >= own.ageMs) return { by: 'age', value: ageMs, threshold: own.ageMs };
  return undefined;
}

/** Whose turn it is: memory first, which may cost everybody; then whoever is furthest above its limit. */
export function mostWorn<T extends WornOut>(worn: readonly T[]): T | undefined {
  const share = ({ value, threshold }: WornOut) => value / threshold;
  return worn.toSorted((a, b) => Number(b.by === 'memory') - Number(a.by === 'memory') || share(b) - share(a))[0];
}

/** How many in a row were worn out by memory so soon, with so little done, that the limit is wrong, and not the program. */
export function shortLivesAfter(before: number, by: WornBy, { ageMs, requests }: { readonly ageMs: number; readonly requests: number }): number {
  return by === 'memory' && ageMs < SHORT_LIFE_MS && requests < MANY_REQUESTS ? before + 1 : 0;
}

/** Between two replacements. Without it a limit below what the program needs would do nothing but boot workers. */
export function pauseAfter(shortLives: number): number {
  return shortLives === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (shortLives - 1));
}
