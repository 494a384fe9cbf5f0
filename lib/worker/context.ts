// What this worker knows about itself. One per process, set by the preload.

import type { Boot } from '../protocol/words.js';
import type { ServerTracker } from '../system/server-tracker.js';
import type { Leaving } from './leaving.js';

export interface WorkerContext {
  readonly boot: Boot;
  readonly tracker: ServerTracker;
  readonly leaving: Leaving;
}

let context: WorkerContext | undefined;

export function setContext(next: WorkerContext): void {
  context = next;
}

/** Undefined in a process that no master of ours forked. */
export function workerContext(): WorkerContext | undefined {
  return context;
}
