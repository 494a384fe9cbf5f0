// One service: what is wanted of it, and a group of at most one process that follows. Owns its port and its launch.

import { ClusterError } from '../errors.js';
import type { Desired, ServiceSpec } from '../protocol/service-spec.js';
import type { ServiceStopAccount } from '../protocol/service-status.js';
import type { Child } from '../supervision/child.js';
import { Group } from '../supervision/group.js';
import type { GroupEvent, Place } from '../supervision/group-needs.js';
import { Patience } from '../system/patience.js';
import type { ServiceLife } from '../system/service-life.js';
import type { HealthFacts } from './health-watch.js';
import type { Launch } from './launch.js';
import { Preparation } from './preparation.js';
import { serviceProcess, spawnFor } from './service-forking.js';
import { groupSpecOf } from './service-group.js';
import type { ServiceNeeds } from './service-needs.js';
import type { ServiceProcess } from './service-process.js';
import { type Outcome, ServiceRecord } from './service-record.js';
import { stopped } from './service-stop.js';
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
  #patience = new Patience();
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
    this.#hurry(force);
    return this.wishes.wish('stop', async () => {
      if (isWish) await this.record.want('down');
      return this.#stop(isWish ? 'not wanted any more' : 'all are stopped');
    });
  }

  /** Also a stop that is under way. */
  #hurry(force: AbortSignal): void {
    if (!this.wishes.isPending) this.#patience = new Patience();
    this.#patience.until(force);
  }

  /** It runs on, and nobody here looks after it any more. */
  async letGo(): Promise<void> {
    this.current?.letGo();
    await this.#group.stop(new AbortController().signal);
    await this.#end(undefined);
  }

  restart(force: AbortSignal): Promise<Outcome> {
    this.#hurry(force);
    return this.wishes.wish('restart', async overtaken => {
      await this.#stop('restart', true);
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

  /** Neither one that was on its way out when it was found, nor a port that somebody else took between the check and the start is a failure. */
  async #attempt(overtaken: AbortSignal): Promise<Outcome> {
    for (let attempt = 1; ; attempt++) {
      const leaving = this.child?.status === 'starting' ? undefined : this.child;
      this.#adopted ??= this.child === undefined ? this.#preparation.findRunning(this.record) : undefined;
      const wasFound = this.#adopted !== undefined;
      if (this.child === undefined) this.launch = await this.#preparation.prepare(this.#adopted); // Else its port is in use by itself.
      if (overtaken.aborted) throw this.wishes.overtaken('start');
      const outcome = await this.#untilOutcome(overtaken, leaving);
      if (typeof outcome === 'string') return outcome;
      const error = await this.#preparation.failureOf(outcome, this.current?.facts);
      if (!wasFound && !this.#preparation.mayTryAnotherPort(attempt)) throw error;
      await this.#group.stop(AbortSignal.abort());
    }
  }

  /** @param leaving the one before, whose end says nothing about the next */
  #untilOutcome(overtaken: AbortSignal, leaving: Child | undefined): Promise<Outcome | Child> {
    this.isGoing = true;
    return new Promise((resolve, reject) => {
      this.#onOutcome = outcome => outcome !== leaving && resolve(outcome);
      overtaken.addEventListener('abort', () => reject(this.wishes.overtaken('start')), { once: true });
      this.#needs.emit({ type: 'service-starting', service: this.name, port: this.launch?.port, limitMs: this.spec.health.startTimeoutMs });
      this.#group.resize(1).then(
        () => resolve('ready'),
        () => {},
      );
    });
  }

  async #onFailedStart(error: Error): Promise<never> {
    if (error instanceof ClusterError && error.code === 'ERR_STOPPED') throw error;
    this.record.failed(error);
    const isTriedOn = this.desired === 'up' && this.isGoing && this.record.givenUp === undefined && this.spec.restart.when !== 'never';
    if (!isTriedOn) {
      await this.#group.stop(new AbortController().signal);
      await this.#end('failed');
    }
    throw error;
  }

  async #stop(reason: string, keepsPort = false): Promise<ServiceStopAccount> {
    this.#onOutcome = () => {};
    if (this.#adopted !== undefined) {
      this.launch = await this.#preparation.prepare(this.#adopted); // It was found, and not yet looked after.
      void this.#group.resize(1).catch(() => {});
    }
    const account = await stopped({ ...this.#needs, service: this, group: this.#group, force: this.#patience.over, reason });
    this.record.trouble = account.remains.length > 0 ? `it did not end: ${account.remains.join('; ')}` : undefined;
    await this.#end(undefined, keepsPort);
    return account;
  }

  async #end(how: 'failed' | 'completed' | undefined, keepsPort = false): Promise<void> {
    this.isGoing = false;
    this.record.givenUp = how;
    if (!keepsPort) await this.#preparation.undo();
    if (this.record.state.observed !== undefined) await this.#needs.state.set(this.name, { observed: undefined });
  }

  #fork(place: Place): ServiceProcess {
    const { mark, recording, supervisor } = this.#needs;
    const launch = this.launch as Launch;
    const life = this.#adopted ?? spawnFor(launch, `${mark}.s${this.#needs.nextSerial()}`);
    this.#adopted = undefined;
    recording?.record(`${this.name}#${place.id}:${life.pid}`, life.output);
    const onHealth = (facts: HealthFacts, pid: number) => this.isReady && this.record.health(facts, pid);
    const forking = { ...this.#needs, fullName: `${supervisor}/${this.name}`, onHealth };
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
    if (event.type === 'slot-left-empty') void this.#end(this.record.over(true));
  }

  #onLeft(child: Child): void {
    const outcome = this.record.left(child);
    if (outcome === undefined) return;
    this.#onOutcome(outcome);
    if (!this.wishes.isPending && this.#preparation.mayTryAnotherPort(0)) void this.restart(new AbortController().signal).catch(() => {}); // It is told.
  }
}
