// One life of a service's process, as supervision sees it: ready when it is healthy, gone when it and all it has left behind are gone.

import type { Exit } from '../protocol/events.js';
import type { Check, Pace, StopPlan } from '../protocol/service-spec.js';
import type { SupervisedProcess } from '../supervision/child.js';
import type { Place } from '../supervision/group-needs.js';
import { type Clock, pause } from '../system/clock.js';
import type { Verdict } from '../system/probes.js';
import { signalAll } from '../system/process-tree.js';
import type { ServiceLife } from '../system/service-life.js';
import { Family } from './family.js';
import { type HealthFacts, HealthWatch } from './health-watch.js';

type Watcher = Parameters<SupervisedProcess['watch']>[0];

/** One whose health nobody can ask is ready when it has lived so long. */
const STEADY_MS = 500;
/** How often to look whether what it left behind is gone. */
const LEFTOVERS_POLL_MS = 50;
/** A daemon may write its pid file so long after its first process has left. */
const DAEMON_MS = 5_000;

export interface ServiceProcessNeeds {
  readonly place: Place;
  readonly life: ServiceLife;
  readonly check: Check & Pace;
  readonly stopPlan: StopPlan;
  /** A cluster's keeper passes signals on by itself. */
  readonly signalsLeaderOnly: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly probe: (limitMs: number) => Promise<Verdict>;
  /** Inode of the one it was seen to listen on. */
  readonly socket: () => string | undefined;
  /** The stop command, within its limit. Undefined: there is none. */
  readonly runStopCommand: ((over: AbortSignal) => Promise<Verdict>) | undefined;
  /** The process that goes on where this one has left at once: the daemon it has started. Undefined: there is no pid file that would say so. */
  readonly successor: ((life: ServiceLife) => ServiceLife | undefined) | undefined;
  readonly onHealth: (facts: HealthFacts) => void;
  readonly onStep: (step: string) => void;
}

export class ServiceProcess implements SupervisedProcess {
  readonly place: Place;
  readonly startedAtMs: number;
  readonly #needs: ServiceProcessNeeds;
  #health: HealthWatch | undefined;
  #life: ServiceLife;
  #watcher: Watcher | undefined;
  readonly #family = new Family();
  #exit: Exit | undefined;
  #isStopping = false;
  readonly #force = new AbortController();
  #isLetGo = false;
  #isReady = false;
  #cancelSteady = () => {};
  facts: HealthFacts | undefined;

  constructor(needs: ServiceProcessNeeds) {
    this.#needs = needs;
    this.place = needs.place;
    this.startedAtMs = needs.clock.now();
    this.#life = needs.life;
  }

  get pid(): number {
    return this.#life.pid;
  }
  get life(): ServiceLife {
    return this.#life;
  }
  get socket(): string | undefined {
    return this.#needs.socket();
  }

  watch(watcher: Watcher): void {
    this.#watcher = watcher;
    this.#follow(this.#life);
  }

  drain(): void {
    this.stop();
  }

  /** It is not ours: the next stop looks away, and ends nothing. */
  letGo(): void {
    this.#isLetGo = true;
  }

  stop(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#endHealth();
    if (this.#isLetGo) queueMicrotask(() => this.#leave({ code: null, signal: null, isUnknown: true }));
    else void this.#stop();
  }

  kill(): void {
    if (this.#isLetGo) return this.stop();
    this.#isStopping = true;
    this.#force.abort();
    this.#endHealth();
    this.#needs.onStep('SIGKILL');
    this.#signal('SIGKILL');
    void this.#family.look(this.#life).then(left => signalAll(left, 'SIGKILL'));
  }

  #follow(life: ServiceLife): void {
    this.#life = life;
    life.watch({ onSpawn: () => this.#begin(), onExit: exit => void this.#onLeaderExit(exit) });
  }

  #begin(): void {
    const { check, clock, random, probe } = this.#needs;
    if (this.#isStopping || this.#exit !== undefined) return;
    if (check.kind === 'none') {
      this.#cancelSteady = clock.after(STEADY_MS, () => this.#watcher?.onCause('ready'));
      return;
    }
    this.#health = new HealthWatch({ pace: check, clock, random, probe, onFacts: facts => this.#onFacts(facts) });
    this.#health.start();
  }

  #onFacts(facts: HealthFacts): void {
    const { onHealth, check } = this.#needs;
    this.facts = facts;
    onHealth(facts);
    if (facts.isHealthy) {
      this.#watcher?.onCause(this.#isReady ? 'heartbeat' : 'ready');
      this.#isReady = true;
    } else if (this.#isReady && facts.failures >= check.failures) this.#watcher?.onCause('overdue');
  }

  #endHealth(): void {
    this.#health?.end();
    this.#cancelSteady();
  }

  async #stop(): Promise<void> {
    const { runStopCommand, stopPlan, onStep } = this.#needs;
    await this.#family.look(this.#life);
    if (runStopCommand !== undefined && this.#exit === undefined && !this.#force.signal.aborted) {
      const verdict = await runStopCommand(this.#force.signal);
      onStep(`stop command: ${verdict ?? 'ok'}`);
    }
    if (this.#force.signal.aborted || this.#watcher === undefined) return;
    onStep(stopPlan.signal);
    this.#signal(stopPlan.signal);
  }

  #signal(name: NodeJS.Signals): void {
    const { signalsLeaderOnly } = this.#needs;
    const isWhole = name === 'SIGKILL' || !signalsLeaderOnly;
    if (isWhole) this.#life.signalGroup(name);
    else this.#life.signal(name);
    if (isWhole)
      signalAll(
        this.#family.alive.filter(pid => pid !== this.#life.pid),
        name,
      );
  }

  async #onLeaderExit(exit: Exit): Promise<void> {
    this.#endHealth();
    const successor = await this.#successor(exit);
    if (successor !== undefined) return this.#follow(successor);
    this.#exit = exit;
    if (exit.error === undefined && !this.#isLetGo) await this.#endLeftovers();
    this.#leave(exit);
  }

  #leave(exit: Exit): void {
    const watcher = this.#watcher;
    this.#watcher = undefined;
    watcher?.onExit(exit);
  }

  /** A daemon that puts itself into the background: its first process leaves with 0, and the pid file says who goes on, sooner or later. */
  async #successor({ code }: Exit): Promise<ServiceLife | undefined> {
    const { clock, successor } = this.#needs;
    const untilMs = clock.now() + DAEMON_MS;
    while (!this.#isStopping && successor !== undefined) {
      const found = successor(this.#life);
      if (found !== undefined || code !== 0 || clock.now() > untilMs) return found;
      if ((await this.#family.look(this.#life)).length === 0) return undefined;
      await pause(clock, LEFTOVERS_POLL_MS);
    }
    return undefined;
  }

  /** A child that holds the port would keep the next one from starting. It may have children of its own meanwhile. */
  async #endLeftovers(): Promise<void> {
    const told = new Set<number>();
    for (;;) {
      const left = await this.#family.look(this.#life);
      if (left.length === 0) return;
      this.#endThese(left.filter(pid => !told.has(pid)));
      for (const pid of left) told.add(pid);
      await pause(this.#needs.clock, LEFTOVERS_POLL_MS);
    }
  }

  #endThese(left: readonly number[]): void {
    const { onStep, signalsLeaderOnly } = this.#needs;
    const wasStopping = this.#isStopping;
    this.#isStopping = true;
    if (!wasStopping) this.#watcher?.onCause('quit');
    if (left.length === 0 || (wasStopping && signalsLeaderOnly && !this.#force.signal.aborted)) return;
    const signal = this.#force.signal.aborted ? 'SIGKILL' : 'SIGTERM';
    onStep(`${signal} to what it left behind: ${left.join(', ')}`);
    signalAll(left, signal);
  }
}
