// One life of the program, as supervision sees it.

import type { Exit } from '../../protocol/events.js';
import type { SupervisedProcess } from '../../supervision/child.js';
import type { Place } from '../../supervision/group-needs.js';
import { type ProcessIdentity, signalAll, stillAlive } from '../../system/process-tree.js';
import type { RunningProgram } from '../../system/program-forker.js';

type Watcher = Parameters<SupervisedProcess['watch']>[0];

export class ProgramProcess implements SupervisedProcess {
  readonly place: Place;
  readonly forkedAtMs: number;
  readonly #running: RunningProgram;
  #family: readonly ProcessIdentity[] = [];

  constructor(place: Place, running: RunningProgram, forkedAtMs: number) {
    this.place = place;
    this.forkedAtMs = forkedAtMs;
    this.#running = running;
  }

  get pid(): number {
    return this.#running.pid;
  }
  /** Descendants that were seen when it was told to go. */
  get family(): readonly ProcessIdentity[] {
    return this.#family;
  }

  /** It is ready as soon as it runs: nobody knows what it is for. */
  watch({ onCause, onExit }: Watcher): void {
    this.#running.watch({ onSpawn: () => onCause('ready'), onExit: (exit: Exit) => onExit(exit) });
  }

  drain(): void {
    this.stop();
  }
  stop(): void {
    this.#signalTree('SIGTERM');
  }
  kill(): void {
    this.#signalTree('SIGKILL');
  }
  signal(name: NodeJS.Signals): void {
    this.#running.signal(name);
  }

  #signalTree(name: 'SIGTERM' | 'SIGKILL'): void {
    this.#family = [...this.#family, ...this.#running.descendants()];
    this.#running.signal(name);
    signalAll(stillAlive(this.#family), name);
  }
}
