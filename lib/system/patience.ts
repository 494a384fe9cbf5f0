// How long to be polite: until the first of all deadlines that were given.

import { ClusterError } from '../errors.js';
import { type Cancel, systemClock } from './clock.js';

/** A time from now, or a signal that aborts when it is enough. */
export type Deadline = AbortSignal | { readonly withinMs: number };

/** Tells what is wrong with it, if something is. */
export function misread(deadline: Deadline): ClusterError | undefined {
  const { withinMs, aborted } = (deadline ?? {}) as { readonly withinMs?: unknown; readonly aborted?: unknown };
  if (typeof aborted === 'boolean' || (typeof withinMs === 'number' && withinMs >= 0)) return undefined;
  return new ClusterError('ERR_INVALID_ARGUMENTS', 'A deadline is { withinMs } in milliseconds, from 0 on, or an AbortSignal.', { details: { withinMs } });
}

export class Patience {
  readonly #over = new AbortController();
  readonly #cancels: Cancel[] = [];
  #isReleased = false;

  /** Aborts at the first deadline. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** One more deadline: an earlier one shortens, a later one changes nothing. */
  until(deadline: Deadline): void {
    if (this.#isReleased) return;
    const end = () => this.#over.abort();
    if ('withinMs' in deadline) return void this.#cancels.push(systemClock.after(deadline.withinMs, end));
    if (deadline.aborted) return end();
    deadline.addEventListener('abort', end);
    this.#cancels.push(() => deadline.removeEventListener('abort', end));
  }

  /** It is not needed any more. */
  release(): void {
    this.#isReleased = true;
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
