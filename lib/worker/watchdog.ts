// The main thread's side of the watchdog: shows a thread of ours that it still comes by. Starts that thread, once.

import { Worker } from 'node:worker_threads';
import { type Boot, MARK_VARIABLE } from '../protocol/words.js';
import { WATCHDOG_FILE } from '../system/entries.js';
import { variable } from '../system/environment.js';
import { isInspected } from '../system/main-thread-inspector.js';
import { BEATS, IS_DEBUGGED, type ThreadOrders } from './watchdog-orders.js';

/** The last resort of one that can still act for itself comes first. */
const KILL_SLACK_MS = 3_000;
const MEGABYTES = { maxOldGenerationSizeMb: 96, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 } as const;

export class Watchdog {
  readonly #boot: Boot;
  /** Before user code could change it. */
  readonly #mark = variable(MARK_VARIABLE) ?? '';
  #shared: Int32Array | undefined;
  #isStarted = false;

  constructor(boot: Boot) {
    this.#boot = boot;
  }

  /** The event loop turns. */
  pat(): void {
    if (this.#shared === undefined) return;
    Atomics.add(this.#shared, BEATS, 1);
    Atomics.store(this.#shared, IS_DEBUGGED, isInspected() ? 1 : 0);
  }

  start(): void {
    const { watchdog } = this.#boot;
    if (watchdog === undefined || this.#isStarted) return;
    this.#isStarted = true;
    this.#startThread(watchdog);
  }

  /** A thread that cannot be had (limits of the system) costs the evidence, and nothing else. */
  #startThread({ limitMs, folder }: NonNullable<Boot['watchdog']>): void {
    const { masterPid, drainMs, stopMs } = this.#boot;
    const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const orders: ThreadOrders = { shared, limitMs, folder, mark: this.#mark, masterPid, orphanMs: drainMs + stopMs + KILL_SLACK_MS };
    try {
      // Nothing of the process is handed on: no preloads, no options, no variables; what it writes would go through the blocked main thread.
      const thread = new Worker(WATCHDOG_FILE, {
        argv: [],
        execArgv: [],
        env: {},
        stdout: true,
        stderr: true,
        trackUnmanagedFds: false,
        resourceLimits: MEGABYTES,
        workerData: orders,
        name: 'app-cluster-watchdog',
      });
      thread.on('error', () => {});
      thread.unref();
      this.#shared = new Int32Array(shared);
      this.pat();
    } catch {}
  }
}
