// The words of the control API as methods: the same on the handle of `startCluster` and on a client.

import { ClusterError } from '../errors.js';
import type { Arguments, Surface } from './control.js';
import type { ClusterEvent } from './events.js';
import type { Account, HeartbeatStatus, InstanceStatus, PortStatus, TimedEvent } from './snapshot.js';

export abstract class Operable {
  readonly #surface: () => Surface | undefined;

  constructor(surface: () => Surface | undefined) {
    this.#surface = surface;
  }

  /** Workers with memory, CPU, event loop, requests, restarts and why. Asks every worker, and waits 250 ms at most for those that are busy. */
  status(): Promise<InstanceStatus> {
    return this.#asked.status({});
  }
  /** The same as `resize`, with an account. */
  scale(workers: number): Promise<Account> {
    return this.#asked.scale({ workers });
  }
  /** @param worker its id (3 of app_worker#3), its pid, or `agent` */
  kill(worker: number | string, signal?: Arguments['kill']['signal']): Promise<{ readonly pid: number }> {
    return this.#asked.kill({ worker: String(worker), ...(signal === undefined ? {} : { signal }) });
  }
  /** What happened to this name, earlier masters included, oldest first. */
  why(): Promise<readonly TimedEvent<ClusterEvent>[]> {
    return this.#asked.why({});
  }
  heartbeat(): Promise<HeartbeatStatus> {
    return this.#asked.heartbeat({});
  }
  ports(): Promise<readonly PortStatus[]> {
    return this.#asked.ports({});
  }
  /** Everything that happens from now on, and the `last` before. Ends when `signal` aborts. */
  events({ last = 0, signal = new AbortController().signal }: { last?: number; signal?: AbortSignal } = {}): AsyncIterable<TimedEvent<ClusterEvent>> {
    return this.#asked.events({ follow: true, last }, signal);
  }

  get #asked(): Surface {
    const surface = this.#surface();
    if (surface === undefined) throw new ClusterError('ERR_STOPPED', 'The cluster has not begun to start. Wait until it is up.');
    return surface;
  }
}
