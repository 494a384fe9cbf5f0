// What `up --check` finds: what a services file describes, and what would keep it from starting. Crosses a process boundary as JSON.

import { parseObject } from './registry-entry.js';
import type { Desired } from './service-spec.js';

export interface CheckedService {
  readonly name: string;
  readonly source: string;
  readonly desired: Desired;
  /** What is run; undefined: it is not there. */
  readonly program?: string | undefined;
  readonly cwd: string;
  /** The one it has to have. */
  readonly port?: number | undefined;
}

export interface CheckProblem {
  /** Undefined: of the file itself. */
  readonly service?: string | undefined;
  readonly message: string;
}

export interface ServicesCheck {
  readonly file: string;
  /** Of the supervisor. */
  readonly name: string;
  /** How long all of it may take to start, one after another where it has to be, and to stop. */
  readonly startMs: number;
  readonly stopMs: number;
  readonly services: readonly CheckedService[];
  readonly problems: readonly CheckProblem[];
  /** What is odd, and no error. */
  readonly warnings: readonly string[];
}

/** Undefined for anything else. */
export function parseServicesCheck(text: string): ServicesCheck | undefined {
  const check = parseObject(text);
  const isOne = typeof check?.['file'] === 'string' && Array.isArray(check['services']) && Array.isArray(check['problems']);
  return isOne ? (check as unknown as ServicesCheck) : undefined;
}
