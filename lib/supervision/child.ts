// One child process, from fork to exit. Owns its process and one timer.

import { type Cause, isFailure, LIFE, type Patience, type Status } from '../lifecycle/child-life.js';
import type { Exit } from '../protocol/events.js';
import type { Cancel, Clock } from '../system/clock.js';

/** What supervision needs of a process. `overdue`: those who ask after its health have lost patience. The order of calls to the listener does not matter; `onExit` comes exactly once. */
export interface SupervisedProcess {
  readonly pid: number;
  watch(listener: { onCause(cause: 'ready' | 'heartbeat' | 'stop' | 'quit' | 'overdue'): void; onExit(exit: Exit): void }): void;
  drain(): void;
  stop(): void;
  kill(): void;
}

export interface Patiences extends Readonly<Partial<Record<Patience, number | undefined>>> {
  /** When set, draining and stopping share this much, whatever `stop` says. */
  readonly close?: number | undefined;
}

export interface ChildSpec {
  readonly id: number;
  readonly slot: number;
  readonly generation: number;
  readonly patienceMs: Patiences;
  readonly onMove: (child: Child, move: Move) => void;
}

export interface Move {
  readonly from: Status;
  readonly to: Status;
  readonly cause: Cause;
}

export class Child {
  readonly spec: ChildSpec;
  readonly process: SupervisedProcess;
  readonly #clock: Clock;
  #status: Status = 'starting';
  #failedBy: Cause | undefined;
  #wasKilled = false;
  #exit: Exit | undefined;
  #readyAt: number | undefined;
  #leavingAt: number | undefined;
  #cancelTimer: Cancel = () => {};

  constructor(spec: ChildSpec, forked: SupervisedProcess, clock: Clock) {
    this.spec = spec;
    this.process = forked;
    this.#clock = clock;
    this.#setTimer();
    forked.watch({
      onCause: cause => this.#advance(cause),
      onExit: exit => {
        this.#exit = exit;
        this.#advance('exited');
      },
    });
  }

  get id(): number {
    return this.spec.id;
  }
  get slot(): number {
    return this.spec.slot;
  }
  get generation(): number {
    return this.spec.generation;
  }
  get status(): Status {
    return this.#status;
  }
  /** Left, hung or never got ready although nobody had told it to leave. */
  get failed(): boolean {
    return this.#failedBy !== undefined;
  }
  get failedBy(): Cause | undefined {
    return this.#failedBy;
  }
  get wasKilled(): boolean {
    return this.#wasKilled;
  }
  get exit(): Exit | undefined {
    return this.#exit;
  }
  get readyAt(): number | undefined {
    return this.#readyAt;
  }

  drain(): void {
    this.#advance('drain');
  }
  stop(): void {
    this.#advance('stop');
  }
  kill(): void {
    this.#advance('kill');
  }

  #advance(cause: Cause): void {
    const from = this.#status;
    const to = LIFE[from].on[cause];
    if (to === undefined) return; // a stale event

    this.#status = to;
    if (isFailure(from, cause)) this.#failedBy ??= cause;
    if (from === 'hung' && to === 'ready') this.#failedBy = undefined;
    if (to === 'draining' || to === 'stopping') this.#leavingAt ??= this.#clock.now();
    this.#setTimer();
    if (to === from) return;

    this.#act(to);
    this.spec.onMove(this, { from, to, cause });
  }

  #act(to: Status): void {
    if (to === 'ready') this.#readyAt ??= this.#clock.now();
    if (to === 'draining') this.process.drain();
    if (to === 'stopping') this.process.stop();
    if (to === 'killing') {
      this.#wasKilled = true;
      this.process.kill();
    }
  }

  /** One timer at most: entering a status drops the one before. */
  #setTimer(): void {
    this.#cancelTimer();
    const ms = this.#patienceMs();
    this.#cancelTimer = ms === undefined ? () => {} : this.#clock.afterRunning(ms, () => this.#advance('overdue'));
  }

  #patienceMs(): number | undefined {
    const { patience } = LIFE[this.#status];
    const { close } = this.spec.patienceMs;
    if (patience === 'stop' && close !== undefined) return Math.max(0, close - (this.#clock.now() - (this.#leavingAt ?? 0)));
    return patience && this.spec.patienceMs[patience];
  }
}
