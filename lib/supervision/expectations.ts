// Who waits for the group to reach its goal. Owns their promises.

interface Expectation {
  resolve(): void;
  reject(reason: Error): void;
}

export class Expectations {
  #pending: Expectation[] = [];

  get isAnyPending(): boolean {
    return this.#pending.length > 0;
  }

  add(): Promise<void> {
    const reached = new Promise<void>((resolve, reject) => {
      this.#pending.push({ resolve, reject });
    });
    reached.catch(() => {}); // One who does not look is not an unhandled rejection.
    return reached;
  }

  /** True when somebody was waiting. */
  resolve(): boolean {
    return this.#end(pending => pending.resolve());
  }

  reject(reason: Error): boolean {
    return this.#end(pending => pending.reject(reason));
  }

  #end(how: (pending: Expectation) => void): boolean {
    const pending = this.#pending;
    this.#pending = [];
    pending.forEach(how);
    return pending.length > 0;
  }
}
