// What this worker knows about itself. One per process, set by the preload.

import type { Boot } from '../protocol/words.js';
import type { ServerTracker } from '../system/server-tracker.js';
import type { Leaving } from './leaving.js';

export interface WorkerContext {
  readonly boot: Boot;
  readonly tracker: ServerTracker;
  readonly leaving: Leaving;
  /** Resolves when user code may run: at once, unless this one was forked early. */
  readonly mayRun: Promise<void>;
}

/** Preload, main and door are built as files of their own: what they share must not live in a module. */
const KEY = Symbol.for('app-cluster.worker');
const shared = globalThis as { [KEY]?: WorkerContext };

export function setContext(context: WorkerContext): void {
  Object.defineProperty(globalThis, KEY, { value: context, enumerable: false });
}

/** Undefined in a process that no master of ours forked. */
export function workerContext(): WorkerContext | undefined {
  return shared[KEY];
}
