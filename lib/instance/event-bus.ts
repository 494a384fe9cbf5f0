// One stream of facts, many observers. An observer that throws hurts nobody else.

import { messageOf } from '../errors.js';
import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';

type Listener = (event: ClusterEvent) => void;

export class EventBus {
  readonly #listeners = new Set<Listener>();

  /** Returns how to stop listening. */
  onAny(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.onAny(event => {
      if (event.type === type) listener(event as EventOf<T>);
    });
  }

  emit(event: ClusterEvent): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(event);
      } catch (error) {
        if (event.type !== 'master-erred') this.emit({ type: 'master-erred', message: `An observer of ${event.type} failed: ${messageOf(error)}` });
      }
    }
  }
}
