// What is known of a service beside its process: what is wanted of it, what went wrong last, how often it had to be started again.

import type { ServiceState } from '../control/service-states.js';
import type { Desired, ServiceSpec } from '../protocol/service-spec.js';
import type { Child } from '../supervision/child.js';
import { wallClockMs } from '../system/clock.js';
import type { ServiceLife } from '../system/service-life.js';
import type { HealthFacts } from './health-watch.js';
import { lastExitOf } from './service-group.js';
import type { ServiceNeeds } from './service-needs.js';
import type { ServiceProcess } from './service-process.js';

/** `completed`: it ended with 0, and that was all. */
export type Outcome = 'ready' | 'completed';

export class ServiceRecord {
  readonly #spec: ServiceSpec;
  readonly #needs: ServiceNeeds;
  readonly #onForked: (() => void)[] = [];
  restarts = 0;
  /** Why it does not run, or not well; undefined: it does, or nobody wants it. */
  trouble: string | undefined;
  givenUp: 'failed' | 'completed' | undefined;
  /** False: somebody else has started it. */
  isOwned = true;

  constructor(spec: ServiceSpec, needs: ServiceNeeds) {
    this.#spec = spec;
    this.#needs = needs;
  }

  get state(): ServiceState {
    return this.#needs.state.of(this.#spec.name);
  }
  get desired(): Desired {
    return this.state.desired ?? this.#spec.desired;
  }

  /** Resolves when it is on the disk. */
  async want(desired: Desired): Promise<void> {
    const { state, emit } = this.#needs;
    const { name: service } = this.#spec;
    if (this.state.desired === desired) return;
    if (this.desired !== desired) emit({ type: 'desired-changed', service, desired });
    await state.set(service, { desired });
  }

  found({ pid }: ServiceLife, isOwned: boolean): void {
    this.isOwned = isOwned;
    this.#needs.emit({ type: 'service-adopted', service: this.#spec.name, pid, isOwned });
  }

  whenForked(): Promise<void> {
    return new Promise(resolve => this.#onForked.push(resolve));
  }

  forked({ identity, mark, isAdopted }: ServiceLife): void {
    for (const resolve of this.#onForked.splice(0)) resolve();
    this.isOwned ||= !isAdopted;
    const { name, stop, pidFile, lockFile } = this.#spec;
    const { signal, timeoutMs } = stop;
    const how = { startedAt: wallClockMs(), stop: { signal, timeoutMs }, pidFile, lockFile };
    void this.#needs.state.set(name, { observed: identity && { ...identity, mark, ...how } });
  }

  /** Of one that had been healthy. */
  health({ isHealthy, reason, failures }: HealthFacts, pid: number): void {
    const { emit } = this.#needs;
    const { name: service } = this.#spec;
    if (!isHealthy && failures === 1) emit({ type: 'service-unhealthy', service, pid, reason: reason ?? '', failures });
    if (isHealthy && this.trouble !== undefined) emit({ type: 'service-healthy', service, pid });
    this.trouble = isHealthy ? undefined : `unhealthy: ${reason}`;
  }

  ready(living: ServiceProcess | undefined, url: string | undefined): void {
    const { clock, emit } = this.#needs;
    this.trouble = undefined;
    const tookMs = living === undefined ? 0 : Math.round(clock.now() - living.startedAtMs);
    emit({ type: 'service-started', service: this.#spec.name, pid: living?.pid ?? 0, url, tookMs });
  }

  failed(error: Error): void {
    this.trouble = error.message;
    this.#needs.emit({ type: 'service-start-failed', service: this.#spec.name, message: error.message });
  }

  /** Undefined: it was told to go. */
  left(child: Child): 'completed' | Child | undefined {
    const { name, restart, health } = this.#spec;
    const { exit = { code: null, signal: null }, failed, failedBy } = child;
    const lastExit = lastExitOf(child, exit);
    void this.#needs.state.set(name, { observed: undefined, ...(failed ? { lastExit } : {}) });
    if (!failed) return undefined;
    this.trouble = lastExit.reason;
    const isDone = exit.code === 0 && restart.when !== 'always' && health.kind === 'none' && failedBy === 'exited';
    return isDone ? 'completed' : child;
  }

  /** It is not started again, until somebody asks. */
  over(isAsked: boolean): 'failed' | 'completed' {
    const wasDone = isAsked && this.state.lastExit?.code === 0;
    if (wasDone) this.trouble = undefined;
    if (wasDone) this.#needs.emit({ type: 'service-completed', service: this.#spec.name });
    return wasDone ? 'completed' : 'failed';
  }
}
