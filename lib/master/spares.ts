// Spares: app workers that are booted and wait outside. One takes the place of a worker that has died, or a new slot, at once. Forked one
// at a time, and only while nothing else is going on; what they are of is replaced after every reload.

import { EXIT_DO_NOT_RESTART } from '../errors.js';
import type { EventBus } from '../instance/event-bus.js';
import { APP_RESTART, restartDelayMs } from '../lifecycle/restart-policy.js';
import type { ClusterEvent, EventType, Exit } from '../protocol/events.js';
import type { Child, Move } from '../supervision/child.js';
import type { Group } from '../supervision/group.js';
import { type GroupStopReport, type Place, reportOf } from '../supervision/group-needs.js';
import { framed } from '../system/child-channel.js';
import type { Cancel } from '../system/clock.js';
import type { ParkedChild } from './parked-child.js';
import { bornSpare, isUsable, type Spare, type SpareNeeds } from './spare.js';

/** So many that do not boot, one after another, and there are none until the next reload. */
const MOST_BOOT_FAILURES = 3;
/** Who has just taken a place answers first, and needs the processor. */
const REFILL_MS = 100;

/** Facts after which there may be one too few, or one of yesterday. */
const TURNS: ReadonlySet<EventType> = new Set(['child-started', 'child-left', 'cluster-reloaded', 'reload-failed', 'cluster-restarted', 'cluster-resized']);

export interface SparesNeeds extends Omit<SpareNeeds, 'onMove'> {
  readonly random: () => number;
  readonly emit: (event: ClusterEvent) => void;
  readonly group: () => Pick<Group, 'goal' | 'children' | 'isReloading'>;
  /** How many there should be. */
  readonly count: () => number;
  /** It is gone; it may have left something behind. */
  readonly onLeft: (parked: ParkedChild) => void;
}

export class Spares {
  readonly #needs: SparesNeeds;
  readonly #spares = new Map<number, Spare>();
  #lastNumber = 0;
  #generation = 0;
  #isOn = false;
  #isGivenUp = false;
  /** In a row. */
  #bootFailures = 0;
  #unstable = 0;
  #cancelRetry: Cancel | undefined;
  #cancelLook: Cancel = () => {};
  #onEmpty: () => void = () => {};

  constructor(needs: SparesNeeds) {
    this.#needs = needs;
  }

  /** Those that could take a place now. */
  get booted(): number {
    return [...this.#spares.values()].filter(({ child }) => child.status === 'ready').length;
  }

  /** They hear what every app worker hears. */
  get peers(): readonly { readonly role: 'app'; readonly pid: number; readonly forked: ParkedChild }[] {
    return [...this.#spares.values()].map(({ parked }) => ({ role: 'app', pid: parked.pid, forked: parked }));
  }

  /** From now on there are some. Returns how to have no new ones. */
  watch(events: Pick<EventBus, 'onAny'>): Cancel {
    const deafen = events.onAny(event => {
      if (TURNS.has(event.type) && !(event.type === 'child-left' && event.role === 'agent')) this.#lookSoon();
    });
    this.#isOn = true;
    this.#lookSoon();
    return () => {
      deafen();
      this.#isOn = false;
      this.#cancelLook();
      this.#cancelRetry?.();
    };
  }

  /** The one that has come farthest; undefined when there is none of this generation. */
  take(place: Place): ParkedChild | undefined {
    const usable = [...this.#spares.values()].filter(spare => spare.generation === place.generation && isUsable(spare));
    const best = usable.find(({ child }) => child.status === 'ready') ?? usable[0];
    if (best === undefined || !best.parked.send(framed({ act: 'admitted', index: place.slot }))) return undefined;
    const { parked, bornAtMs } = best;
    this.#spares.delete(best.n);
    best.release();
    this.#needs.emit({ type: 'spare-taken', pid: parked.pid, ...place, waitedMs: Math.round(this.#needs.clock.now() - bornAtMs) });
    return parked;
  }

  async stop(force: AbortSignal): Promise<GroupStopReport> {
    const leaving = [...this.#spares.values()].map(({ child }) => child);
    const killAll = () => {
      for (const child of leaving) child.kill();
    };
    for (const child of leaving) child.stop();
    force.addEventListener('abort', killAll, { once: true });
    if (force.aborted) killAll();
    if (this.#spares.size > 0)
      await new Promise<void>(resolve => {
        this.#onEmpty = resolve;
      });
    force.removeEventListener('abort', killAll);
    return reportOf(leaving);
  }

  #lookSoon(): void {
    this.#cancelLook();
    if (this.#isOn && (this.#needs.count() > 0 || this.#spares.size > 0)) this.#cancelLook = this.#needs.clock.after(REFILL_MS, () => this.#look());
  }

  #look(): void {
    const group = this.#needs.group();
    if (!this.#isOn || !isCalm(group)) return;
    const { generation } = group.goal;
    if (generation !== this.#generation) this.#begin(generation);
    const own = [...this.#spares.values()].filter(spare => spare.generation === generation && isUsable(spare));
    const isBusy = this.#cancelRetry !== undefined || own.some(({ child }) => child.status === 'starting');
    if (own.length > this.#needs.count()) own.at(-1)?.child.stop();
    else if (own.length < this.#needs.count() && !isBusy && !this.#isGivenUp) this.#fork(generation, group.goal.size);
  }

  /** A new one is a new chance. Those of the one before have nothing to do any more. */
  #begin(generation: number): void {
    this.#generation = generation;
    this.#isGivenUp = false;
    this.#bootFailures = 0;
    this.#unstable = 0;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    for (const { child, generation: own } of this.#spares.values()) if (own !== generation) child.stop();
  }

  #fork(generation: number, size: number): void {
    const n = ++this.#lastNumber;
    const place = { n, index: this.#freeIndex(size), generation, count: size };
    this.#spares.set(n, bornSpare(place, { ...this.#needs, onMove: (child, move) => this.#onMove(n, child, move) }));
  }

  /** Beyond the slots, and nobody else's. */
  #freeIndex(size: number): number {
    return size + this.#spares.size;
  }

  #onMove(n: number, { generation }: Child, { to }: Move): void {
    const spare = this.#spares.get(n);
    if (spare === undefined) return; // It was taken.
    if (to === 'ready') {
      this.#bootFailures = 0;
      const tookMs = Math.round(this.#needs.clock.now() - spare.bornAtMs);
      this.#needs.emit({ type: 'spare-booted', pid: spare.parked.pid, generation, tookMs });
      this.#lookSoon();
    }
    if (to === 'gone' || to === 'lost') this.#onLeft(spare);
  }

  #onLeft(spare: Spare): void {
    const { child, parked, n } = spare;
    this.#spares.delete(n);
    const { failed, exit = { code: null, signal: null }, generation } = child;
    const wasBooted = child.readyAt !== undefined;
    const more = failed ? { lastWords: parked.lastWords } : {};
    this.#needs.emit({ type: 'spare-left', pid: parked.pid, generation, exit, failed, wasBooted, ...more });
    this.#needs.onLeft(parked);
    if (failed && generation === this.#generation) this.#onFailed(exit, child.readyAt);
    if (this.#spares.size === 0) this.#onEmpty();
    this.#lookSoon();
  }

  #onFailed({ code }: Exit, readyAt: number | undefined): void {
    const { clock, random, emit } = this.#needs;
    if (readyAt === undefined) this.#bootFailures++;
    if (this.#bootFailures >= MOST_BOOT_FAILURES || code === EXIT_DO_NOT_RESTART) {
      this.#isGivenUp = true;
      return emit({ type: 'spares-gave-up', failures: this.#bootFailures });
    }
    const wasStable = readyAt !== undefined && clock.now() - readyAt >= APP_RESTART.stableAfterMs;
    this.#unstable = wasStable ? 0 : this.#unstable + 1;
    this.#cancelRetry?.();
    this.#cancelRetry = clock.after(restartDelayMs(this.#unstable, 1, random(), APP_RESTART), () => {
      this.#cancelRetry = undefined;
      this.#lookSoon();
    });
  }
}

/** Nobody boots, nobody leaves, nobody is missing. */
function isCalm({ goal, children, isReloading }: Pick<Group, 'goal' | 'children' | 'isReloading'>): boolean {
  const isAsWanted = goal.size > 0 && children.length === goal.size && children.every(({ status }) => status === 'ready');
  return isAsWanted && !isReloading && goal.worn === undefined;
}
