// What one cluster is to be: options after checking, defaults and looking at the disk. Plain data, no choices left.

import type { InstanceOptions } from '../instance/instance-options.js';
import type { ProgramFacts, WorkersFacts } from '../protocol/events.js';
import type { Patiences } from '../supervision/child.js';

export type Program =
  | ({ readonly kind: 'framework'; readonly directory: string } & ProgramFacts)
  | ({ readonly kind: 'entry'; readonly file: string; readonly agentFile: string | undefined } & ProgramFacts);

export interface Timeouts {
  readonly app: Patiences;
  readonly agent: Patiences;
  /** The limit of a start was asked for, and is no default. */
  readonly isStartGiven: boolean;
  readonly lingerMs: number;
  /** Of a whole stop; then everything is forced. */
  readonly budgetMs: number;
}

/** When workers are replaced, and how. */
export interface Upkeep {
  /** How many a reload replaces at a time. */
  readonly surge: number;
  /** How long the first newcomer of a reload must serve before anybody leaves for one. */
  readonly probationMs: number;
  /** Answered with 2xx before a worker that listens counts as ready. */
  readonly readyPath: string | undefined;
  /** Undefined: nobody is replaced for its silence. */
  readonly hangMs: number | undefined;
  readonly hasWatchdog: boolean;
  /** As given: `512M`, `80%`. */
  readonly maxMemory: string | undefined;
  readonly maxRequests: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly spares: number;
  readonly lameDuckMs: number;
  readonly isQuitFast: boolean;
  readonly upgradeMs: number;
}

export interface Settings extends InstanceOptions {
  readonly name: string;
  readonly baseDir: string;
  readonly program: Program;
  readonly workers: WorkersFacts;
  readonly port: number | undefined;
  readonly host: string | undefined;
  readonly portFallback: boolean;
  readonly isHttps: boolean;
  readonly sticky: boolean;
  /** startMode worker_threads. */
  readonly isThreaded: boolean;
  /** Of worker threads that have one each; empty: they share `port`. */
  readonly ports: readonly number[];
  readonly readyOn: 'listening' | 'signal' | 'online';
  readonly pidFile: string | undefined;
  readonly debugPort: number | undefined;
  readonly isDebug: boolean;
  readonly isProduction: boolean;
  readonly serverEnv: string | undefined;
  readonly nodeEnv: string | undefined;
  /** `--require`, resolved. */
  readonly preload: readonly string[];
  readonly execArgv: readonly string[];
  /** Of a plain program. */
  readonly args: readonly string[];
  /** Where children run; undefined: where the master does. */
  readonly cwd: string | undefined;
  /** Variables for agent and app workers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly appWorkerFile: string | undefined;
  readonly agentWorkerFile: string | undefined;
  readonly timeouts: Timeouts;
  readonly upkeep: Upkeep;
  /** Where it is kept what workers did that hung; undefined: nowhere. */
  readonly hangFolder?: string | undefined;
  /** Of the keeper that will start a master again. */
  readonly keeperPid?: number | undefined;
  /** As the children get them: everything the caller gave, normalised. */
  readonly options: Readonly<Record<string, unknown>>;
  /** `call`: startCluster; `command`: the command line, which is stricter and checks the port first. */
  readonly flavour: 'call' | 'command';
}
