// What is wanted of one service, one thing at a time: the last wish wins. One that waits and is overtaken is not done at all; one that is
// under way is told that it is overtaken.

import { ClusterError } from '../errors.js';

export type Want = 'start' | 'stop' | 'restart';

interface Turn {
  readonly want: Want;
  readonly over: AbortController;
  isDone: boolean;
  promise: Promise<unknown>;
}

export class Wishes {
  readonly #name: string;
  #latest: Turn | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(name: string) {
    this.#name = name;
  }

  get isPending(): boolean {
    return this.#latest?.isDone === false;
  }

  /**
   * The same wish again is the same wish.
   * @param act gets a signal that aborts when something else is wanted
   * @throws {ClusterError} ERR_STOPPED when it was overtaken before it began
   */
  wish<T>(want: Want, act: (overtaken: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#latest?.isDone === false && this.#latest.want === want) return this.#latest.promise as Promise<T>;
    this.#latest?.over.abort();
    const turn: Turn = { want, over: new AbortController(), isDone: false, promise: Promise.resolve() };
    const promise = this.#inTurn(turn, this.#tail, act);
    turn.promise = promise;
    this.#tail = promise.catch(() => {});
    this.#latest = turn;
    return promise;
  }

  async #inTurn<T>(turn: Turn, before: Promise<unknown>, act: (overtaken: AbortSignal) => Promise<T>): Promise<T> {
    try {
      await before;
      if (turn.over.signal.aborted) throw this.overtaken(turn.want);
      return await act(turn.over.signal);
    } finally {
      turn.isDone = true;
    }
  }

  overtaken(want: Want): ClusterError {
    return new ClusterError('ERR_STOPPED', `${want} ${this.#name}: something else was asked for meanwhile (${this.#latest?.want ?? 'stop'}).`);
  }
}
