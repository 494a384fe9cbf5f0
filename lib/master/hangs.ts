// What is known of workers that hang. Reads what their own threads have left, and keeps that folder small.

import { evidenceFile, type HangFacts, parseEvidence } from '../protocol/hang.js';
import type { Child } from '../supervision/child.js';
import type { Clock } from '../system/clock.js';
import { keepNewest } from '../system/keep-newest.js';
import { readWhole, removeFile } from '../system/whole-files.js';
import type { WorkerProcess } from './worker-process.js';

const MOST_PROFILES = 20;

export interface HangsNeeds {
  /** Undefined: nothing is kept. */
  readonly folder: string | undefined;
  readonly clock: Clock;
}

export class Hangs {
  readonly #needs: HangsNeeds;
  readonly #silentMs = new Map<WorkerProcess, number>();

  constructor(needs: HangsNeeds) {
    this.#needs = needs;
  }

  /** It has just been given up. */
  begin(worker: WorkerProcess, { readyAt = 0 }: Child): HangFacts {
    const heardAt = Math.max(worker.beats.lastAtMs ?? 0, readyAt);
    const silentMs = Math.round(this.#needs.clock.now() - heardAt);
    this.#silentMs.set(worker, silentMs);
    return { silentMs, ...this.#read(worker) };
  }

  /** It is heard again. */
  forget(worker: WorkerProcess): void {
    if (this.#silentMs.delete(worker)) this.#tidy(worker);
  }

  /** It is gone; undefined: it had not hung. What was still being written when it was given up is there now. */
  end(worker: WorkerProcess): HangFacts | undefined {
    const silentMs = this.#silentMs.get(worker);
    const facts = silentMs === undefined ? undefined : { silentMs, ...this.#read(worker) };
    this.#silentMs.delete(worker);
    this.#tidy(worker);
    return facts;
  }

  #read({ forked: { mark } }: WorkerProcess) {
    const { folder } = this.#needs;
    return (folder === undefined ? undefined : parseEvidence(readWhole(evidenceFile(folder, mark)))) ?? { stack: [] };
  }

  #tidy({ forked: { mark } }: WorkerProcess): void {
    const { folder } = this.#needs;
    if (folder !== undefined && removeFile(evidenceFile(folder, mark))) keepNewest(folder, MOST_PROFILES);
  }
}
