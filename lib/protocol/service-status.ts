// What outsiders see of a service.

import type { Desired } from './service-spec.js';
import type { LastExit, ProcessUsage } from './snapshot.js';

/**
 * - `down`: nobody wants it. `waiting`: for what it depends on. `backing-off`: it died, and is tried again.
 * - `completed`: it ended with 0. `failed`: it was given up, or could not be started. `invalid`: its description is wrong.
 */
export type ServiceCondition = 'down' | 'waiting' | 'starting' | 'running' | 'unhealthy' | 'backing-off' | 'stopping' | 'completed' | 'failed' | 'invalid';

export interface ServiceStatus extends ProcessUsage {
  readonly name: string;
  readonly kind: 'program' | 'cluster';
  readonly status: ServiceCondition;
  /** Alive and healthy. */
  readonly running: boolean;
  readonly desired: Desired;
  /** False: somebody else started it; it is left alone. */
  readonly isOwned: boolean;
  readonly pid?: number | undefined;
  readonly host: string;
  readonly port?: number | undefined;
  readonly url?: string | undefined;
  /** Why it does not run, or not well. */
  readonly reason?: string | undefined;
  /** Milliseconds since its process was started. */
  readonly ageMs?: number | undefined;
  /** How often it was started again because it had died. */
  readonly restarts: number;
  readonly lastExit?: LastExit | undefined;
  readonly health?: ServiceHealth | undefined;
  /** Where it is described. */
  readonly source: string;
  readonly dependsOn: readonly string[];
}

export interface ServiceHealth {
  readonly isHealthy: boolean;
  readonly failures: number;
  readonly tookMs: number;
  readonly agoMs: number;
}

/** What came of starting several. */
export interface UpAccount {
  readonly tookMs: number;
  readonly running: readonly string[];
  readonly failed: readonly { readonly service: string; readonly reason: string }[];
  /** What was another configuration's, and is not any more. */
  readonly changes: readonly { readonly service: string; readonly kind: 'added' | 'changed' | 'removed'; readonly keys: readonly string[] }[];
}

export interface ServiceStartAccount {
  readonly service: ServiceStatus;
  readonly tookMs: number;
}

export interface ServiceStopAccount {
  readonly service: string;
  readonly tookMs: number;
  readonly forced: readonly number[];
  /** What could not be ended, in words. Empty: verified gone. */
  readonly remains: readonly string[];
}

/** What `up` would do. */
export interface PlannedChange {
  readonly service: string;
  readonly act: 'start' | 'restart' | 'stop' | 'none';
  /** `not described any more`, `port, env differ`. */
  readonly reason: string;
}
