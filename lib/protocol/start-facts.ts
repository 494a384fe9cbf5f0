// What there is to tell of a start, besides what is started.

export interface EnvironmentFacts {
  readonly isProduction: boolean;
  readonly serverEnv: string | undefined;
  readonly nodeEnv: string | undefined;
  readonly nodeVersion: string;
}

export interface WorkersFacts {
  readonly count: number;
  /** Where the number comes from, in words. */
  readonly why: string;
}

export interface MemoryFacts {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly heapLimitBytes: number;
  readonly heapUsedBytes: number;
}
