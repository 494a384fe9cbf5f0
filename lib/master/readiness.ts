// Whether the cluster is ready. The only user of get-ready.

import { requirePackage } from '../system/require-package.js';

const { Ready } = requirePackage<typeof import('get-ready')>('get-ready');

export class Readiness {
  readonly #ready = new Ready();

  get isReady(): boolean {
    return this.#ready.isReady && this.#ready.readyError === undefined;
  }

  /** Resolves when ready, rejects when the start failed. */
  wait(): Promise<void> {
    return this.#ready.ready();
  }

  succeed(): void {
    this.#ready.ready(true);
  }

  /** Nobody may be waiting: then this is no unhandled rejection. */
  fail(error: Error): void {
    this.#ready.ready(() => {});
    this.#ready.ready(error);
  }
}
