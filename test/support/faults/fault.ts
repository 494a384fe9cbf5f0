// One case of the fault suite: a sentence, its criterion in numbers, and the numbers that came out. `npm test` runs it reduced, `npm run test:faults`
// in full; each writes one line of JSON to FAULTS_RESULTS, from which the table is made.

import { appendFileSync } from 'node:fs';
import { test } from 'node:test';

export const isFull = process.env['FAULTS'] === 'full';
export const full = <T>(inFull: T, reduced: T): T => (isFull ? inFull : reduced);

/** What was measured, by name. */
export type Numbers = Record<string, number | string>;

export interface Result {
  readonly title: string;
  readonly criterion: string;
  readonly node: string;
  readonly passed: boolean;
  readonly tookMs: number;
  readonly numbers: Numbers;
  readonly error?: string | undefined;
}

/** What a case needs before it can pass. Switched on here as it is built; a case that waits for one is listed as todo. */
export const BUILT = {
  canary: true,
  keeper: true,
  upgrade: true,
  upgradeReason: true,
  limits: true,
  hangs: true,
  lameDuck: true,
  ttin: true,
  handOver: true,
  inheritedSockets: true,
} as const satisfies Record<string, boolean>;
export type Feature = keyof typeof BUILT;

export interface FaultOptions {
  readonly needs?: readonly Feature[];
  /** Too long or too loud for `npm test`. */
  readonly isFullOnly?: boolean;
  readonly limitMs?: number;
}

export function fault(title: string, criterion: string, prove: (numbers: Numbers) => Promise<void>, options: FaultOptions = {}): void {
  const missing = (options.needs ?? []).filter(feature => !BUILT[feature]);
  if (missing.length > 0 && process.env['FAULTS_TODO'] !== '1') return void test(title, { todo: `needs ${missing.join(', ')}` });
  if (options.isFullOnly && !isFull) return;
  test(title, { timeout: options.limitMs ?? full(240_000, 60_000) }, async context => {
    const numbers: Numbers = {};
    const startedAt = performance.now();
    const record = (error?: unknown) => {
      const tookMs = Math.round(performance.now() - startedAt);
      write({
        title,
        criterion,
        node: process.version,
        passed: error === undefined,
        tookMs,
        numbers,
        ...(error === undefined ? {} : { error: String(error) }),
      });
      context.diagnostic(`${criterion} → ${JSON.stringify(numbers)}`);
    };
    await prove(numbers).then(
      () => record(),
      (error: unknown) => {
        record(error);
        throw error;
      },
    );
  });
}

function write(result: Result): void {
  const path = process.env['FAULTS_RESULTS'];
  if (path) appendFileSync(path, `${JSON.stringify(result)}\n`);
}
