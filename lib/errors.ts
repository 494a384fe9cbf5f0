// The errors a user can meet: one class, every code once.

/** What the reader should do about it; decides the exit code. */
export type ErrorKind = 'usage' | 'configuration' | 'environment' | 'application' | 'bug';

export const ERROR_KINDS = {
  ERR_INVALID_OPTIONS: 'usage',
  ERR_INVALID_CONFIG: 'configuration',
  ERR_NOT_SUPPORTED: 'usage',
  ERR_ADDRESS_IN_USE: 'environment',
  ERR_ALREADY_RUNNING: 'environment',
  ERR_NO_FREE_PORT: 'environment',
  ERR_PID_FILE: 'environment',
  ERR_UNSAFE_FOLDER: 'environment',
  ERR_UNREACHABLE: 'environment',
  ERR_UNKNOWN_NAME: 'usage',
  ERR_AMBIGUOUS_NAME: 'usage',
  ERR_UNKNOWN_VERB: 'usage',
  ERR_INVALID_ARGUMENTS: 'usage',
  ERR_TOO_LARGE: 'usage',
  ERR_TOO_MANY: 'environment',
  ERR_UNAUTHORIZED: 'environment',
  ERR_FORBIDDEN: 'environment',
  ERR_NOT_OURS: 'environment',
  ERR_INTERNAL: 'bug',
  ERR_START_FAILED: 'application',
  ERR_START_TIMEOUT: 'application',
  ERR_STOPPED: 'application',
  ERR_RELOAD_FAILED: 'application',
  ERR_UPGRADE_FAILED: 'application',
  ERR_NO_KEEPER: 'usage',
  ERR_CRASH_LOOP: 'application',
  ERR_NO_WORKERS: 'application',
  ERR_REQUEST_TIMEOUT: 'application',
  ERR_REQUEST_FAILED: 'application',
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;

/** The process exit code for each kind (sysexits.h where it has one). */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  usage: 64,
  configuration: 78,
  environment: 69,
  application: 1,
  bug: 70,
};

/** As a child's exit code this means: do not restart me. */
export const EXIT_DO_NOT_RESTART = EXIT_CODES.configuration;

export class ClusterError extends Error {
  override readonly name: string = 'ClusterError';
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  /** Facts for programs: plain, serialisable. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { readonly details?: Readonly<Record<string, unknown>>; readonly cause?: unknown; readonly kind?: ErrorKind } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.kind = options.kind ?? ERROR_KINDS[code];
    this.details = options.details ?? {};
  }
}

/** egg-cluster 3: an `error` event of the agent worker. */
export class ClusterAgentWorkerError extends Error {
  override readonly name = 'ClusterAgentWorkerError';
  readonly id: number;
  /** Its pid, or in worker_threads its thread's id. */
  readonly workerId: number;
  readonly status: string;

  constructor(id: number, workerId: number, status: string, error: Error) {
    super(`Got agent worker error: ${error.message}`, { cause: error });
    this.id = id;
    this.workerId = workerId;
    this.status = status;
  }
}

/** egg-cluster: nobody is left. */
export class ClusterWorkerExceptionError extends Error {
  override readonly name = 'ClusterWorkerExceptionError';
  readonly count: { readonly agent: number; readonly worker: number };

  constructor(agent: number, worker: number) {
    super(`[master] ${agent} agent and ${worker} worker(s) alive, exit to avoid unknown state`);
    this.count = { agent, worker };
  }
}

/** Also one from another of the files that the build makes: each has a copy of the class. */
export function isClusterError(error: unknown): error is ClusterError {
  return error instanceof Error && error.name === 'ClusterError' && 'kind' in error && 'code' in error;
}

export function exitCodeOf(error: unknown): number {
  return EXIT_CODES[isClusterError(error) ? error.kind : 'bug'];
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
