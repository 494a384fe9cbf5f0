// Replaces app workers that have reached a limit: newcomer first, one at a time, and never while something else is under way.

import type { EventBus } from '../instance/event-bus.js';
import { mostWorn, pauseAfter, shortLivesAfter, thresholdsOf, type WearLimits, type WornBy, type WornOut, wornOut } from '../lifecycle/wear.js';
import type { ClusterEvent, EventType } from '../protocol/events.js';
import type { Group } from '../supervision/group.js';
import { framed } from '../system/child-channel.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { WorkerProcess } from './worker-process.js';

/** Whoever has to wait for its turn is looked at again after this. */
const AGAIN_MS = 1_000;

/** Facts after which it may be somebody's turn. */
const TURNS: ReadonlySet<EventType> = new Set(['child-started', 'child-left', 'cluster-reloaded', 'reload-failed', 'cluster-restarted', 'cluster-resized']);

/** What is needed of a worker. */
export type Recyclable = Pick<WorkerProcess, 'role' | 'pid' | 'place' | 'forkedAtMs' | 'isServing' | 'beats'> & {
  readonly forked: Pick<WorkerProcess['forked'], 'send'>;
};

export interface RecyclingNeeds {
  readonly limits: WearLimits;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly crew: { readonly group: Pick<Group, 'mayRenew' | 'renew'>; readonly workers: readonly Recyclable[] };
}

interface Candidate extends WornOut {
  readonly worker: Recyclable;
  readonly ageMs: number;
  readonly requests: number;
}

export class Recycling {
  readonly #needs: RecyclingNeeds;
  /** Each worker's own, by its id. */
  readonly #own = new Map<number, WearLimits>();
  #shortLives = 0;
  #notBeforeMs = 0;
  #deafen: Cancel = () => {};
  #cancelTimer: Cancel = () => {};

  constructor(needs: RecyclingNeeds) {
    this.#needs = needs;
  }

  watch(): void {
    this.#deafen = this.#needs.events.onAny(event => this.#hear(event));
    this.#look();
  }

  cancel(): void {
    this.#deafen();
    this.#cancelTimer();
    for (const { beats } of this.#needs.crew.workers) beats.onBeat = () => {};
  }

  #hear(event: ClusterEvent): void {
    if (event.type === 'child-left' && event.role === 'app') this.#own.delete(event.id);
    if (TURNS.has(event.type)) this.#look();
  }

  #look(): void {
    const { crew } = this.#needs;
    const serving = crew.workers.filter(({ isServing }) => isServing);
    for (const worker of serving) if (!this.#own.has(worker.place.id)) this.#limit(worker);
    const worn = serving.flatMap(worker => this.#wearOf(worker) ?? []);
    const mayGo = worn.filter(({ worker, by }) => !this.#isHeldBack(by) && crew.group.mayRenew(worker.place.id));
    const next = mostWorn(mayGo);
    if (next !== undefined) this.#replace(next);
    this.#setTimer(serving, worn.length > (next === undefined ? 0 : 1));
  }

  /** A limit of memory that is too low holds back nobody who has reached another one. */
  #isHeldBack(by: WornBy): boolean {
    return by === 'memory' && this.#needs.clock.now() < this.#notBeforeMs;
  }

  /** One draw for each worker. */
  #limit(worker: Recyclable): void {
    const own = thresholdsOf(this.#needs.limits, this.#needs.random());
    this.#own.set(worker.place.id, own);
    worker.beats.onBeat = () => this.#look();
    const { requests, memoryBytes } = own;
    if (requests !== undefined || memoryBytes !== undefined) worker.forked.send(framed({ act: 'limits', requests, memoryBytes }));
  }

  #wearOf(worker: Recyclable): Candidate | undefined {
    const { rssBytes: memoryBytes, requests } = worker.beats.vitals ?? {};
    const ageMs = this.#ageOf(worker);
    const own = this.#own.get(worker.place.id) ?? {};
    const worn = wornOut({ memoryBytes, requests, ageMs }, own);
    const other = worn !== undefined && this.#isHeldBack(worn.by) ? wornOut({ requests, ageMs }, own) : undefined;
    return worn && { ...(other ?? worn), worker, ageMs, requests: requests ?? 0 };
  }

  #replace({ worker, by, value, threshold, ageMs, requests }: Candidate): void {
    const { events, crew, clock } = this.#needs;
    const { role, pid, place } = worker;
    this.#shortLives = shortLivesAfter(this.#shortLives, by, { ageMs, requests });
    this.#notBeforeMs = clock.now() + pauseAfter(this.#shortLives);
    events.emit({ type: 'child-worn', role, pid, ...place, by, value, limit: this.#limitOf(by), threshold, ageMs: Math.round(ageMs) });
    crew.group.renew(place.id);
  }

  #limitOf(by: WornBy): number {
    const { memoryBytes, requests, ageMs } = this.#needs.limits;
    return { memory: memoryBytes, requests, age: ageMs }[by] ?? 0;
  }

  #ageOf({ forkedAtMs }: Recyclable): number {
    return this.#needs.clock.now() - forkedAtMs;
  }

  /** For the next one to be too old, or for those whose turn it is not yet. */
  #setTimer(serving: readonly Recyclable[], isAnyWaiting: boolean): void {
    this.#cancelTimer();
    const dues = serving.map(worker => (this.#own.get(worker.place.id)?.ageMs ?? Number.POSITIVE_INFINITY) - this.#ageOf(worker)).filter(ms => ms > 0);
    const soonest = Math.min(...dues, isAnyWaiting ? AGAIN_MS : Number.POSITIVE_INFINITY);
    this.#cancelTimer = Number.isFinite(soonest) ? this.#needs.clock.after(soonest, () => this.#look()) : () => {};
  }
}
