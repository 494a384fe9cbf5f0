// A process that does only what the test says.

import type { Exit } from '../protocol/events.js';
import type { SupervisedProcess } from '../supervision/child.js';

type Watcher = Parameters<SupervisedProcess['watch']>[0];

export class FakeProcess implements SupervisedProcess {
  readonly pid: number;
  /** What it was told: drain, stop, kill. */
  readonly heard: string[] = [];
  #watcher: Watcher | undefined;

  constructor(pid = 1) {
    this.pid = pid;
  }

  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }
  drain(): void {
    this.heard.push('drain');
  }
  stop(): void {
    this.heard.push('stop');
  }
  kill(): void {
    this.heard.push('kill');
  }

  /** `stop` says that it is drained. */
  say(cause: 'ready' | 'heartbeat' | 'stop' | 'quit' | 'overdue'): void {
    this.#watcher?.onCause(cause);
  }
  exit(exit: Partial<Exit> = {}): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.onExit({ code: 0, signal: null, ...exit });
  }
}
