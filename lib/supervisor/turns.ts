// So many at once, and the others wait.

export class Turns {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #busy = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<T>(act: () => Promise<T>): Promise<T> {
    if (this.#busy >= this.#limit) await new Promise<void>(resolve => this.#waiting.push(resolve));
    else this.#busy++;
    try {
      return await act();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#busy--;
      else next(); // The place goes on to the one that waits.
    }
  }
}
