// What one worker's prom-client registries hold, as it says when it is asked.

/** Questions that may be open. */
const MOST_ASKERS = 8;

export class AskedMetrics {
  readonly #say: (n: number) => unknown;
  readonly #askers = new Map<number, (metrics: readonly unknown[]) => void>();
  #asked = 0;
  /** When it was asked last. */
  last: readonly unknown[] | undefined;

  constructor(say: (n: number) => unknown) {
    this.#say = say;
  }

  /** Never resolves when it does not answer: whoever asks has a limit. */
  ask(): Promise<readonly unknown[]> {
    const n = ++this.#asked;
    this.#askers.delete(n - MOST_ASKERS); // It never answered.
    return new Promise(resolve => {
      this.#askers.set(n, resolve);
      this.#say(n);
    });
  }

  onAnswer(n: number, metrics: readonly unknown[]): void {
    this.last = metrics;
    this.#askers.get(n)?.(metrics);
    this.#askers.delete(n);
  }
}
