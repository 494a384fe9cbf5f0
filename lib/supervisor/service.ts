// One service: what is wanted of it, and a group of at most one process that follows. Owns its port and its launch.

import { ClusterError } from '../errors.js';
import type { Desired, ServiceSpec } from '../protocol/service-spec.js';
import type { Child } from '../supervision/child.js';
import { Group } from '../supervision/group.js';
import type { GroupEvent, Place } from '../supervision/group-needs.js';
import { wallClockMs } from '../system/clock.js';
import type { ServiceLife } from '../system/service-life.js';
import type { HealthFacts } from './health-watch.js';
import type { Launch } from './launch.js';
import { Preparation } from './preparation.js';
import { remainsOf } from './remains.js';
import { serviceProcess, spawnFor } from './service-forking.js';
import { groupSpecOf, lastExitOf } from './service-group.js';
import type { ServiceNeeds } from './service-needs.js';
import type { ServiceProcess } from './service-process.js';
import type { ServiceState } from './state-book.js';
import { Wishes } from './wishes.js';

export type Outcome = 'ready' | 'completed';
export interface ServiceStopReport {
  readonly service: string;
  readonly tookMs: number;
  readonly forced: readonly number[];
  /** What could not be ended: a process, or who holds the port. Empty: it is verified gone. */
  readonly remains: readonly string[];
}

export class Service {
  readonly spec: ServiceSpec;
  readonly #needs: ServiceNeeds;
  readonly #group: Group;
  readonly #wishes: Wishes;
  readonly #preparation: Preparation;
  #launch: Launch | undefined;
  #adopted: ServiceLife | undefined;
  #whenForked: (() => void)[] = [];
  #onOutcome: (outcome: Outcome | Child) => void = () => {};
  #givenUp: 'failed' | 'completed' | undefined;
  #isGoing = false;
  restarts = 0;
  current: ServiceProcess | undefined;
  /** Why it does not run; undefined: it does, or nobody wants it. */
  trouble: string | undefined;
  isOwned = true;

  constructor(spec: ServiceSpec, needs: ServiceNeeds) {
    const { clock, random } = needs;
    this.spec = spec;
    this.#needs = needs;
    this.#wishes = new Wishes(spec.name);
    this.#preparation = new Preparation(spec, needs);
    this.#group = new Group(groupSpecOf(spec), { clock, random, fork: place => this.#fork(place), emit: event => this.#tell(event) });
  }

  get name(): string {
    return this.spec.name;
  }
  get desired(): Desired {
    return this.#needs.state.of(this.name).desired ?? this.spec.desired;
  }
  get child(): Child | undefined {
    return this.#group.children.find(({ status }) => status !== 'lost');
  }
  get isReady(): boolean {
    return this.child?.status === 'ready';
  }
  /** Somebody asked for it, and it is not on its way out. */
  get isGoing(): boolean {
    return this.#isGoing;
  }
  get givenUp(): 'failed' | 'completed' | undefined {
    return this.#givenUp;
  }
  get port(): number | undefined {
    return this.isGoing ? this.#preparation.port : undefined;
  }
  get state(): ServiceState {
    return this.#needs.state.of(this.name);
  }
  get launch(): Launch | undefined {
    return this.#launch;
  }
  get isRetrying(): boolean {
    return this.#group.isRetrying;
  }
  get isBusy(): boolean {
    return this.#wishes.isPending;
  }

  /** Resolves when it has a process, or is not tried any more. */
  whenForked(): Promise<void> {
    if (this.child !== undefined) return Promise.resolve();
    return new Promise(resolve => this.#whenForked.push(resolve));
  }

  /** What it found running is its first process. Resolves when that is healthy; else it is ended, and another is started. */
  adopt(life: ServiceLife, isOwned: boolean): Promise<Outcome> {
    this.#adopted = life;
    this.isOwned = isOwned;
    this.#needs.emit({ type: 'service-adopted', service: this.name, pid: life.pid, isOwned });
    return this.start();
  }

  /**
   * Resolves when it is healthy, at once when it is already. A success is what is wanted from then on; a failure changes nothing of that:
   * one that was wanted up before is tried on.
   * @throws {ClusterError} ERR_START_FAILED, ERR_START_TIMEOUT, ERR_ADDRESS_IN_USE, ERR_STOPPED
   */
  start(): Promise<Outcome> {
    return this.#wishes.wish('start', overtaken => this.#start(overtaken));
  }

  /** @param isWish it is not wanted any more, until somebody says otherwise */
  stop(force: AbortSignal, isWish: boolean): Promise<ServiceStopReport> {
    return this.#wishes.wish('stop', async () => {
      if (isWish) await this.#want('down');
      return this.#stop(force, isWish ? 'not wanted any more' : 'all are stopped');
    });
  }

  restart(force: AbortSignal): Promise<Outcome> {
    return this.#wishes.wish('restart', async overtaken => {
      await this.#stop(force, 'restart');
      return this.#start(overtaken);
    });
  }

  async #start(overtaken: AbortSignal): Promise<Outcome> {
    if (this.isReady) {
      await this.#want('up');
      return 'ready';
    }
    this.#givenUp = undefined;
    this.trouble = undefined;
    try {
      const outcome = await this.#attempt(overtaken);
      await this.#want('up');
      return outcome;
    } catch (error) {
      return this.#onFailedStart(error as Error);
    }
  }

  /** A port that somebody else took between the check and the start is not the service's fault: the next one is tried. */
  async #attempt(overtaken: AbortSignal): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      await this.#lookForRunning();
      this.#launch = await this.#preparation.prepare(this.#adopted);
      if (overtaken.aborted) throw this.#wishes.overtaken('start');
      const outcome = await this.#untilOutcome(overtaken);
      if (typeof outcome === 'string') return outcome;
      const error = this.#preparation.failureOf(outcome, this.current?.facts);
      if (!this.#preparation.mayTryAnotherPort(attempt)) throw error;
      await this.#group.stop(AbortSignal.abort());
    }
  }

  /** Somebody else may have started it: then it is watched, and left alone when we go. */
  async #lookForRunning(): Promise<void> {
    if (this.#adopted !== undefined) return;
    this.#adopted = await this.#preparation.findRunning();
    this.isOwned = this.#adopted === undefined;
    if (this.#adopted !== undefined) this.#needs.emit({ type: 'service-adopted', service: this.name, pid: this.#adopted.pid, isOwned: false });
  }

  #untilOutcome(overtaken: AbortSignal): Promise<Outcome | Child> {
    this.#isGoing = true;
    return new Promise((resolve, reject) => {
      this.#onOutcome = resolve;
      overtaken.addEventListener('abort', () => reject(this.#wishes.overtaken('start')), { once: true });
      this.#needs.emit({ type: 'service-starting', service: this.name, port: this.#launch?.port });
      this.#group.resize(1).then(
        () => resolve('ready'),
        () => {},
      );
    });
  }

  async #onFailedStart(error: Error): Promise<never> {
    const isOvertaken = error instanceof ClusterError && error.code === 'ERR_STOPPED';
    if (isOvertaken) throw error;
    this.trouble = error.message;
    this.#needs.emit({ type: 'service-start-failed', service: this.name, message: error.message });
    const isTriedOn = this.desired === 'up' && this.#isGoing && this.#givenUp === undefined && this.spec.restart.when !== 'never';
    if (!isTriedOn) {
      await this.#group.stop(new AbortController().signal);
      await this.#end('failed');
    }
    throw error;
  }

  async #stop(force: AbortSignal, reason: string): Promise<ServiceStopReport> {
    const { clock, emit } = this.#needs;
    const startedAt = clock.now();
    const { current, child } = this;
    this.#onOutcome = () => {};
    if (this.#adopted !== undefined) await this.#takeIn(); // It was found, and not yet looked after.
    const wasThere = child !== undefined;
    if (wasThere) emit({ type: 'service-stopping', service: this.name, pid: current?.pid ?? 0, reason });
    const { forced, survived } = await this.#group.stop(force);
    const remains = await remainsOf(this.#launch, current, survived);
    const report = { service: this.name, tookMs: Math.round(clock.now() - startedAt), forced, remains };
    if (wasThere) emit({ type: 'service-stopped', ...report });
    this.trouble = remains.length > 0 ? `it did not end: ${remains.join('; ')}` : undefined;
    await this.#end(undefined);
    return report;
  }

  async #takeIn(): Promise<void> {
    this.#launch = await this.#preparation.prepare(this.#adopted);
    void this.#group.resize(1);
  }

  /** Its port is anybody's from now on. */
  async #end(how: 'failed' | 'completed' | undefined): Promise<void> {
    this.#isGoing = false;
    this.#givenUp = how;
    await this.#preparation.undo();
    await this.#needs.state.set(this.name, { observed: undefined });
  }

  async #want(desired: Desired): Promise<void> {
    const { state, emit } = this.#needs;
    if (state.of(this.name).desired === desired) return;
    if (this.desired !== desired) emit({ type: 'desired-changed', service: this.name, desired });
    await state.set(this.name, { desired });
  }

  #fork(place: Place): ServiceProcess {
    const { mark, recording, state, supervisor, emit, clock, random } = this.#needs;
    const launch = this.#launch as Launch;
    const life = this.#adopted ?? spawnFor(launch, `${mark}.s${this.#needs.nextSerial()}`);
    this.#adopted = undefined;
    this.isOwned ||= !life.isAdopted;
    recording?.record(`${this.name}#${place.id}:${life.pid}`, life.output);
    const forking = { fullName: `${supervisor}/${this.name}`, clock, random, emit, onHealth: (facts: HealthFacts, pid: number) => this.#onHealth(facts, pid) };
    this.current = serviceProcess({ place, life, spec: this.spec, launch }, forking);
    for (const resolve of this.#whenForked.splice(0)) resolve();
    const { identity } = life;
    void state.set(this.name, { observed: identity && { ...identity, mark: life.mark, startedAt: wallClockMs() } });
    return this.current;
  }

  #onHealth({ isHealthy, reason, failures }: HealthFacts, pid: number): void {
    const { emit } = this.#needs;
    if (!this.isReady) return;
    if (!isHealthy && failures === 1) emit({ type: 'service-unhealthy', service: this.name, pid, reason: reason ?? '', failures });
    if (isHealthy && this.trouble !== undefined) emit({ type: 'service-healthy', service: this.name, pid });
    this.trouble = isHealthy ? undefined : `unhealthy: ${reason}`;
  }

  #tell(event: GroupEvent): void {
    this.#needs.tell(this, event);
    if (event.type === 'child-moved' && event.to === 'hung') event.child.stop(); // Asked first: it lives, it just is not well.
    if (event.type === 'child-moved' && event.from === 'starting' && event.to === 'ready') this.#onReady();
    if (event.type === 'backing-off') this.restarts++;
    if (event.type === 'child-left') this.#onLeft(event.child);
    if (event.type === 'slot-gave-up') void this.#onGivenUp(event.isAsked);
  }

  #onReady(): void {
    const { clock, emit } = this.#needs;
    const { pid = 0, startedAtMs = clock.now() } = this.current ?? {};
    this.trouble = undefined;
    emit({ type: 'service-started', service: this.name, pid, url: this.#preparation.url, tookMs: Math.round(clock.now() - startedAtMs) });
  }

  #onLeft(child: Child): void {
    const { exit = { code: null, signal: null } } = child;
    const lastExit = lastExitOf(child, exit);
    void this.#needs.state.set(this.name, { observed: undefined, lastExit });
    if (!child.failed) return;
    this.trouble = lastExit.reason;
    const isDone = exit.code === 0 && this.spec.restart.when !== 'always' && this.spec.health.kind === 'none' && child.failedBy === 'exited';
    this.#onOutcome(isDone ? 'completed' : child);
  }

  async #onGivenUp(isAsked: boolean): Promise<void> {
    const wasDone = isAsked && this.#needs.state.of(this.name).lastExit?.code === 0;
    this.#givenUp = wasDone ? 'completed' : 'failed';
    if (wasDone) this.#needs.emit({ type: 'service-completed', service: this.name });
    await this.#end(this.#givenUp);
  }
}
