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
  #asked: { readonly want: Want } | undefined;
  #latest: Turn | undefined;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(name: string) {
    this.#name = name;
  }

  get isPending(): boolean {
    return this.#latest?.isDone === false;
  }

  /**
   * Its place among all wishes, for what cannot be wished yet because something else comes first.
   * @returns throws ERR_STOPPED when something else was asked for meanwhile
   */
  ask(want: Want): () => void {
    if (this.#asked?.want !== want) this.#asked = { want };
    const mine = this.#asked;
    return () => {
      if (this.#asked !== mine) throw this.overtaken(want);
    };
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
    return new ClusterError(
      'ERR_STOPPED',
      `${want} ${this.#name}: something else was asked for meanwhile (${this.#asked?.want ?? this.#latest?.want ?? 'stop'}).`,
    );
  }
}
