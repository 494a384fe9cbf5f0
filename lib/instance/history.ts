// The facts of this master's life, numbered and dated: the last of them for who comes late, all of them for who follows.

import type { ClusterEvent } from '../protocol/events.js';
import type { TimedEvent } from '../protocol/snapshot.js';
import { wallClockMs } from '../system/clock.js';

const MOST_KEPT = 1_000;
/** A follower that is so far behind is cut. */
const MOST_BEHIND = 5_000;

type Timed = TimedEvent<ClusterEvent>;

export class History {
  readonly #kept: Timed[] = [];
  readonly #followers = new Set<(item: Timed) => void>();
  #seq = 0;

  readonly add = (event: ClusterEvent): void => {
    const item = { seq: ++this.#seq, at: wallClockMs(), event };
    this.#kept.push(item);
    if (this.#kept.length > MOST_KEPT) this.#kept.shift();
    for (const follow of this.#followers) follow(item);
  };

  last(count: number, after = 0): readonly Timed[] {
    const items = this.#kept.filter(({ seq }) => seq > after);
    return count >= items.length ? items : items.slice(items.length - count);
  }

  /** Ends when `signal` aborts, or when the reader has fallen too far behind. */
  async *follow({ last, after }: { last: number; after?: number | undefined }, signal: AbortSignal): AsyncGenerator<Timed> {
    const queue: Timed[] = [...this.last(last, after)];
    let wake: () => void = () => {};
    let isCut = false;
    const follow = (item: Timed) => {
      if (queue.length < MOST_BEHIND) queue.push(item);
      else isCut = true;
      wake();
    };
    const onAbort = () => wake();
    this.#followers.add(follow);
    signal.addEventListener('abort', onAbort);
    try {
      while (!signal.aborted && !isCut) {
        for (let item = queue.shift(); item !== undefined; item = queue.shift()) yield item;
        if (signal.aborted || isCut) return;
        await new Promise<void>(resolve => {
          wake = resolve;
          if (queue.length > 0) resolve();
        });
      }
    } finally {
      this.#followers.delete(follow);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
