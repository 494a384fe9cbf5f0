// Row S6: one control channel of a service at a time. Whoever holds it hears what becomes of the service.

import { ClusterError } from '../errors.js';
import { type CommonNeeds, commonSurface } from '../instance/common-surface.js';
import type { ClusterEvent } from '../protocol/events.js';
import type { TimedEvent } from '../protocol/snapshot.js';
import type { Supervisor } from './supervisor.js';

export interface Held {
  /** Aborts when the holder lets go. */
  readonly over: AbortSignal;
  release(): void;
}

export class Channels {
  readonly #supervisor: Supervisor;
  readonly #held = new Map<string, AbortController>();

  constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  /** Throws ERR_ALREADY_RUNNING (`channel exists`), ERR_STOPPED (`service stopped`), ERR_UNKNOWN_NAME. */
  hold(service: string): Held {
    const { desired } = this.#supervisor.find(service);
    if (desired === 'down') throw new ClusterError('ERR_STOPPED', `${service}: service stopped`);
    if (this.#held.has(service)) throw new ClusterError('ERR_ALREADY_RUNNING', `${service}: channel exists`);
    const over = new AbortController();
    this.#held.set(service, over);
    const release = () => {
      if (this.#held.get(service) === over) this.#held.delete(service);
      over.abort();
    };
    return { over: over.signal, release };
  }

  /** Held from this call until `signal` aborts. */
  facts(service: string, common: CommonNeeds, signal: AbortSignal): AsyncIterable<TimedEvent<ClusterEvent>> {
    const { over, release } = this.hold(service);
    signal.addEventListener('abort', release, { once: true });
    if (signal.aborted) release();
    return commonSurface(common).events({ follow: true, service }, AbortSignal.any([signal, over]));
  }
}
