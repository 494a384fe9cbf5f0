// What the watchdog's thread is told, and what it shares with the main thread.

export interface ThreadOrders {
  readonly shared: SharedArrayBuffer;
  readonly limitMs: number;
  readonly folder: string | undefined;
  readonly mark: string;
  readonly masterPid: number;
  readonly orphanMs: number;
}

/** Places in the shared memory. */
export const BEATS = 0;
export const IS_DEBUGGED = 1;
