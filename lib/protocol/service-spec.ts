// A service as the supervisor keeps it, wherever it was described: every default filled in, every path absolute. Placeholders are still in it.

import type { ClusterOptions } from './options.js';

export type Desired = 'up' | 'down';
export type RestartWhen = 'always' | 'on-failure' | 'never';
/** `started`: its process is there; `ready`: it is healthy. */
export type Need = 'ready' | 'started';

export interface Pace {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startTimeoutMs: number;
  readonly failures: number;
}

/** `control`: a cluster's own readiness. */
export type Check =
  | { readonly kind: 'http'; readonly target: string }
  | { readonly kind: 'tcp' | 'control' | 'none' }
  | { readonly kind: 'exec'; readonly command: readonly string[] };

export type Health = Check & Pace;

export interface PortWish {
  readonly from: number;
  readonly to: number;
  /** What its own configuration says: tried first. */
  readonly preferred?: number | undefined;
  /** This one and no other. */
  readonly isFixed: boolean;
}

export interface StopPlan {
  readonly command: readonly string[] | undefined;
  readonly signal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';
  /** From the signal to SIGKILL. */
  readonly timeoutMs: number;
}

export interface RegisterPlan {
  readonly eureka: string;
  readonly app: string;
  readonly instanceId: string | undefined;
}

/** A configuration of the service's own, in which its port stands. */
export interface OwnConfig {
  readonly file: string;
  readonly portKey: string;
  readonly hostKey: string;
  readonly staleKeys: readonly string[];
}

export type Run =
  | { readonly kind: 'program'; readonly exec: string; readonly args: readonly string[] }
  | { readonly kind: 'cluster'; readonly options: ClusterOptions };

export interface ServiceSpec {
  readonly name: string;
  /** Where it is described: file and line. */
  readonly source: string;
  readonly run: Run;
  readonly cwd: string;
  /** `${home}`: a profile's folder, else cwd. */
  readonly home: string;
  readonly host: string;
  readonly port: PortWish | undefined;
  readonly health: Health;
  readonly dependsOn: Readonly<Record<string, Need>>;
  readonly env: Readonly<Record<string, string>>;
  readonly envFiles: readonly string[];
  readonly restart: { readonly when: RestartWhen; readonly maxFailures: number; readonly firstMs: number; readonly longestMs: number };
  readonly stop: StopPlan;
  readonly desired: Desired;
  readonly isRecorded: boolean;
  /** USER or USER:GROUP. */
  readonly user: string | undefined;
  /** Written by the service itself. */
  readonly pidFile: string | undefined;
  /** Removed with a stale pid file. */
  readonly lockFile: string | undefined;
  readonly register: RegisterPlan | undefined;
  readonly config: OwnConfig | undefined;
  readonly apiKey: { readonly file: string; readonly variable: string } | undefined;
  /** It is a profile of a gateway. */
  readonly isProfile: boolean;
}

/** Of a source: a service that cannot be one, and why. */
export interface InvalidService {
  readonly name: string;
  readonly source: string;
  readonly reason: string;
}

/** A name is part of paths, marks and commands (`SUP/SVC`). */
export const SERVICE_NAME = /^[A-Za-z0-9][\w.@+-]{0,63}$/;
export const SERVICE_NAME_RULE = 'should begin with a letter or a digit and hold letters, digits and . _ - @ + only (64 at most)';

export const STOP_COMMAND_MS = 15_000;
export const FIRST_AUTO_PORT = 8_642;
export const LAST_PORT = 65_535;
export const LOCAL_HOST = '127.0.0.1';
/** Budget of a whole down. */
export const STOP_ALL_MS = 30_000;

const STOP_MS = 10_000;
export const DEFAULT_PACE: Pace = { intervalMs: 5_000, timeoutMs: 3_000, startTimeoutMs: 15_000, failures: 3 };

/** All that is not said. */
export const DEFAULTS = {
  host: LOCAL_HOST,
  port: undefined,
  health: { kind: 'none', ...DEFAULT_PACE },
  dependsOn: {},
  env: {},
  envFiles: [],
  restart: { when: 'on-failure', maxFailures: 10, firstMs: 100, longestMs: 30_000 },
  stop: { command: undefined, signal: 'SIGTERM', timeoutMs: STOP_MS },
  desired: 'up',
  isRecorded: true,
  user: undefined,
  pidFile: undefined,
  lockFile: undefined,
  register: undefined,
  config: undefined,
  apiKey: undefined,
  isProfile: false,
} as const satisfies Omit<ServiceSpec, 'name' | 'source' | 'run' | 'cwd' | 'home'>;

export interface SupervisorConfig {
  /** What was read, before any default. */
  readonly given: unknown;
  /** The services file; undefined: it was given as an object. */
  readonly file: string | undefined;
  readonly folder: string;
  readonly services: readonly ServiceSpec[];
  readonly invalid: readonly InvalidService[];
  /** What is odd, and no error. */
  readonly warnings: readonly string[];
  /** Name of the profile that is meant where none is named. */
  readonly active: string | undefined;
  readonly stopMs: number;
}
