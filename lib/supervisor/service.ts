// One service: what is wanted of it, and a group of at most one process that follows. Owns its port and its launch.

import { ClusterError } from '../errors.js';
import type { Desired, ServiceSpec } from '../protocol/service-spec.js';
import type { ServiceStopAccount } from '../protocol/service-status.js';
import type { Child } from '../supervision/child.js';
import { Group } from '../supervision/group.js';
import type { GroupEvent, Place } from '../supervision/group-needs.js';
import type { ServiceLife } from '../system/service-life.js';
import type { HealthFacts } from './health-watch.js';
import type { Launch } from './launch.js';
import { Preparation } from './preparation.js';
import { remainsOf } from './remains.js';
import { serviceProcess, spawnFor } from './service-forking.js';
import { groupSpecOf } from './service-group.js';
import type { ServiceNeeds } from './service-needs.js';
import type { ServiceProcess } from './service-process.js';
import { type Outcome, ServiceRecord } from './service-record.js';
import { Wishes } from './wishes.js';

export class Service {
  readonly spec: ServiceSpec;
  readonly name: string;
  readonly #needs: ServiceNeeds;
  readonly #group: Group;
  readonly wishes: Wishes;
  readonly #preparation: Preparation;
  /** As of its last start. */
  launch: Launch | undefined;
  #adopted: ServiceLife | undefined;
  #onOutcome: (outcome: Outcome | Child) => void = () => {};
  /** Somebody asked for it, and it is not on its way out. */
  isGoing = false;
  readonly record: ServiceRecord;
  current: ServiceProcess | undefined;

  constructor(spec: ServiceSpec, needs: ServiceNeeds) {
    const { clock, random } = needs;
    this.spec = spec;
    this.name = spec.name;
    this.#needs = needs;
    this.record = new ServiceRecord(spec, needs);
    this.wishes = new Wishes(spec.name);
    this.#preparation = new Preparation(spec, needs);
    this.#group = new Group(groupSpecOf(spec), { clock, random, fork: place => this.#fork(place), emit: event => this.#tell(event) });
  }

  get desired(): Desired {
    return this.record.desired;
  }
  get child(): Child | undefined {
    return this.#group.children.find(({ status }) => status !== 'lost');
  }
  get isReady(): boolean {
    return this.child?.status === 'ready';
  }
  get port(): number | undefined {
    return this.isGoing ? this.#preparation.port : undefined;
  }
  get isRetrying(): boolean {
    return this.#group.isRetrying;
  }

  /** What it found running is its first process. Resolves when that is healthy; else it is ended, and another is started. */
  adopt(life: ServiceLife, isOwned: boolean): Promise<Outcome> {
    this.#adopted = life;
    this.record.found(life, isOwned);
    return this.start();
  }

  /**
   * Resolves when it is healthy, at once when it is already. A success is what is wanted from then on; a failure changes nothing of that:
   * one that was wanted up before is tried on.
   * @throws {ClusterError} ERR_START_FAILED, ERR_START_TIMEOUT, ERR_ADDRESS_IN_USE, ERR_STOPPED
   */
  start(): Promise<Outcome> {
    return this.wishes.wish('start', overtaken => this.#start(overtaken));
  }

  /** @param isWish it is not wanted any more, until somebody says otherwise */
  stop(force: AbortSignal, isWish: boolean): Promise<ServiceStopAccount> {
    return this.wishes.wish('stop', async () => {
      if (isWish) await this.record.want('down');
      return this.#stop(force, isWish ? 'not wanted any more' : 'all are stopped');
    });
  }

  /** It runs on, and nobody here looks after it any more. */
  async letGo(): Promise<void> {
    this.current?.letGo();
    await this.#group.stop(new AbortController().signal);
    await this.#end(undefined);
  }

  restart(force: AbortSignal): Promise<Outcome> {
    return this.wishes.wish('restart', async overtaken => {
      await this.#stop(force, 'restart', true);
      return this.#start(overtaken);
    });
  }

  async #start(overtaken: AbortSignal): Promise<Outcome> {
    if (this.isReady) {
      await this.record.want('up');
      return 'ready';
    }
    this.record.givenUp = undefined;
    this.record.trouble = undefined;
    try {
      const outcome = await this.#attempt(overtaken);
      await this.record.want('up');
      return outcome;
    } catch (error) {
      return this.#onFailedStart(error as Error);
    }
  }

  /** A port that somebody else took between the check and the start is not the service's fault: the next one is tried. */
  async #attempt(overtaken: AbortSignal): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      this.#adopted ??= this.#preparation.findRunning(this.record);
      this.launch = await this.#preparation.prepare(this.#adopted);
      if (overtaken.aborted) throw this.wishes.overtaken('start');
      const outcome = await this.#untilOutcome(overtaken);
      if (typeof outcome === 'string') return outcome;
      const error = await this.#preparation.failureOf(outcome, this.current?.facts);
      if (!this.#preparation.mayTryAnotherPort(attempt)) throw error;
      await this.#group.stop(AbortSignal.abort());
    }
  }

  #untilOutcome(overtaken: AbortSignal): Promise<Outcome | Child> {
    this.isGoing = true;
    return new Promise((resolve, reject) => {
      this.#onOutcome = resolve;
      overtaken.addEventListener('abort', () => reject(this.wishes.overtaken('start')), { once: true });
      this.#needs.emit({ type: 'service-starting', service: this.name, port: this.launch?.port });
      this.#group.resize(1).then(
        () => resolve('ready'),
        () => {},
      );
    });
  }

  async #onFailedStart(error: Error): Promise<never> {
    const isOvertaken = error instanceof ClusterError && error.code === 'ERR_STOPPED';
    if (isOvertaken) throw error;
    this.record.failed(error);
    const isTriedOn = this.desired === 'up' && this.isGoing && this.record.givenUp === undefined && this.spec.restart.when !== 'never';
    if (!isTriedOn) {
      await this.#group.stop(new AbortController().signal);
      await this.#end('failed');
    }
    throw error;
  }

  async #stop(force: AbortSignal, reason: string, keepsPort = false): Promise<ServiceStopAccount> {
    const { clock, emit } = this.#needs;
    const startedAt = clock.now();
    const { current, child } = this;
    this.#onOutcome = () => {};
    if (this.#adopted !== undefined) await this.#takeIn(); // It was found, and not yet looked after.
    const wasThere = child !== undefined;
    if (wasThere) emit({ type: 'service-stopping', service: this.name, pid: current?.pid ?? 0, reason });
    const { forced, survived } = await this.#group.stop(force);
    const remains = await remainsOf(this.launch, current, survived);
    const report = { service: this.name, tookMs: Math.round(clock.now() - startedAt), forced, remains };
    if (wasThere) emit({ type: 'service-stopped', ...report });
    this.record.trouble = remains.length > 0 ? `it did not end: ${remains.join('; ')}` : undefined;
    await this.#end(undefined, keepsPort);
    return report;
  }

  async #takeIn(): Promise<void> {
    this.launch = await this.#preparation.prepare(this.#adopted);
    void this.#group.resize(1);
  }

  async #end(how: 'failed' | 'completed' | undefined, keepsPort = false): Promise<void> {
    this.isGoing = false;
    this.record.givenUp = how;
    if (!keepsPort) await this.#preparation.undo();
    if (this.record.state.observed !== undefined) await this.#needs.state.set(this.name, { observed: undefined });
  }

  #fork(place: Place): ServiceProcess {
    const { mark, recording, supervisor, emit, clock, random } = this.#needs;
    const launch = this.launch as Launch;
    const life = this.#adopted ?? spawnFor(launch, `${mark}.s${this.#needs.nextSerial()}`);
    this.#adopted = undefined;
    recording?.record(`${this.name}#${place.id}:${life.pid}`, life.output);
    const forking = {
      fullName: `${supervisor}/${this.name}`,
      clock,
      random,
      emit,
      onHealth: (facts: HealthFacts, pid: number) => this.isReady && this.record.health(facts, pid),
    };
    this.current = serviceProcess({ place, life, spec: this.spec, launch }, forking);
    this.record.forked(life);
    return this.current;
  }

  #tell(event: GroupEvent): void {
    this.#needs.tell(this, event);
    if (event.type === 'child-moved' && event.to === 'hung') event.child.stop(); // Asked first: it lives, it just is not well.
    if (event.type === 'child-moved' && event.from === 'starting' && event.to === 'ready') this.record.ready(this.current, this.#preparation.url);
    if (event.type === 'backing-off') this.record.restarts++;
    if (event.type === 'child-left') this.#onLeft(event.child);
    if (event.type === 'slot-gave-up') void this.#end(this.record.over(event.isAsked));
  }

  #onLeft(child: Child): void {
    const outcome = this.record.left(child);
    if (outcome === undefined) return;
    this.#onOutcome(outcome);
    if (!this.wishes.isPending && this.#preparation.mayTryAnotherPort(0)) void this.restart(new AbortController().signal).catch(() => {}); // It is told.
  }
}
