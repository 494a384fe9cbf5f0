// A group of interchangeable children that follows its goal. Owns its children.

import { type Goal, reconcile } from '../lifecycle/reconcile.js';
import { answerTo } from './answer.js';
import { Child, type Move } from './child.js';
import { Expectations } from './expectations.js';
import { ReloadFailure, StartFailure, Stopped } from './failures.js';
import { type GroupNeeds, type GroupSpec, type GroupStopReport, type Place, reportOf } from './group-needs.js';
import { Rollout } from './rollout.js';
import { SlotRetries } from './slot-retries.js';

export class Group {
  readonly spec: GroupSpec;
  readonly #needs: GroupNeeds;
  readonly #children = new Map<number, Child>();
  readonly #retries: SlotRetries;
  readonly #expectations = new Expectations();
  #goal: Goal = { size: 0, generation: 1, surge: 1 };
  #lastGeneration = 1;
  #lastId = 0;
  #hasSettled = false;
  #onEmpty: () => void = () => {};
  #isHalted = false;
  #settling = false;
  #rollout: Rollout | undefined;

  constructor(spec: GroupSpec, needs: GroupNeeds) {
    this.spec = spec;
    this.#needs = needs;
    this.#retries = new SlotRetries({ ...needs, policy: spec.restart, onRetry: () => this.#settle() });
  }

  get goal(): Goal {
    return this.#goal;
  }
  get children(): readonly Child[] {
    return [...this.#children.values()];
  }
  get isReloading(): boolean {
    return this.#rollout !== undefined || this.isHeld;
  }
  get isHeld(): boolean {
    return this.#goal.isHeld ?? false;
  }
  get isRetrying(): boolean {
    return this.#retries.isAnyWaiting || this.children.some(({ status }) => status === 'starting');
  }

  /** Resolves when `size` children are ready. Before the first time this happens a failure is final: rejects with `StartFailure`. */
  resize(size: number): Promise<void> {
    return this.#pursue({ ...this.#goal, size });
  }

  /** What the next reload's, or restart's, children will be of. */
  get nextGeneration(): number {
    return this.#lastGeneration + 1;
  }

  /** Replaces every child, newcomer first. Rejects with `ReloadFailure` when newcomers keep failing; then everything is as it was. */
  reload(surge = 1): Promise<void> {
    this.#rollout ??= new Rollout(this.#goal.generation, this.spec);
    const isUnproven = this.spec.probationMs > 0;
    return this.#pursue({ ...this.#goal, generation: ++this.#lastGeneration, surge, isUnproven, rejected: undefined });
  }

  /** It serves, and nothing else is under way: no goal to reach, nobody who boots, nobody worn out who is still there. */
  mayRenew(id: number): boolean {
    const isBusy = this.isReloading || this.#expectations.isAnyPending || this.#goal.worn !== undefined;
    return !isBusy && this.#children.get(id)?.status === 'ready' && this.children.every(({ status }) => status !== 'starting');
  }

  /** Replaces one child, newcomer first. Until a newcomer is ready it serves on; a new goal forgets it. False: not now. */
  renew(id: number): boolean {
    if (!this.mayRenew(id)) return false;
    this.#goal = { ...this.#goal, worn: id };
    this.#settle();
    return true;
  }

  /** The first half of a restart: everybody leaves, nobody is added. Resolves when they are gone. */
  empty(): Promise<void> {
    const generation = ++this.#lastGeneration;
    this.#goal = { ...this.#goal, generation, isHeld: true, worn: undefined };
    this.#retries.forget();
    const emptied = new Promise<void>(resolve => {
      this.#onEmpty = resolve;
    });
    this.#settle();
    this.#tellIfEmpty();
    return emptied;
  }

  /** The second half. Rejects with `ReloadFailure` when newcomers keep failing; it goes on trying all the same. */
  refill(): Promise<void> {
    const { generation } = this.#goal;
    this.#rollout = new Rollout(generation, this.spec);
    return this.#pursue({ ...this.#goal, isHeld: false });
  }

  /** Resolves when nothing is left, or only what could not be killed. */
  async stop(force: AbortSignal): Promise<GroupStopReport> {
    const leaving = this.children;
    const killAll = () => {
      for (const child of leaving) child.kill();
    };
    this.#rollout = undefined;
    this.#expectations.reject(new Stopped(this.spec.name));
    force.addEventListener('abort', killAll, { once: true });
    this.#onEmpty();
    const empty = this.#pursue({ ...this.#goal, size: 0, isHeld: false });
    if (force.aborted) killAll();
    await empty;
    force.removeEventListener('abort', killAll);
    return reportOf(leaving);
  }

  /** A new goal is a new chance: past failures are forgotten. */
  #pursue(goal: Goal): Promise<void> {
    this.#goal = { ...goal, worn: undefined };
    this.#isHalted = false;
    this.#retries.forget();
    const reached = this.#expectations.add();
    this.#settle();
    return reached;
  }

  #tellIfEmpty(): void {
    if (this.#goal.isHeld && this.#children.size === 0) this.#onEmpty();
  }

  /** Takes steps until none is left for now. A call from within a step is left to the loop already running. */
  #settle(): void {
    if (this.#settling) return;
    this.#settling = true;
    for (let more = true; more; ) more = this.#takeStep();
    this.#settling = false;
  }

  #takeStep(): boolean {
    const step = reconcile(this.children, this.#goal, slot => this.#mayFork(slot));
    if (step.do === 'add') this.#add(step.slot);
    if (step.do === 'kill') this.#children.get(step.id)?.kill();
    if (step.do === 'retire') this.#children.get(step.id)?.[this.spec.drains ? 'drain' : 'stop']();
    if (step.do === 'rest') this.#rest();
    return step.do !== 'wait' && step.do !== 'rest';
  }

  #mayFork(slot: number): boolean {
    const isWaitedFor = this.spec.isSole && this.children.some(({ status }) => status !== 'lost');
    return !this.#isHalted && !isWaitedFor && this.#retries.mayFork(slot);
  }

  #rest(): void {
    this.#hasSettled ||= this.#goal.size > 0;
    this.#rollout = undefined;
    if (this.#expectations.resolve()) this.#needs.emit({ type: 'settled', goal: this.#goal });
  }

  #add(slot: number): void {
    const { generation, isUnproven = false } = this.#goal;
    const place: Place = { id: ++this.#lastId, slot, generation, isOnProbation: isUnproven };
    const spec = { ...place, patienceMs: this.spec.patienceMs, onMove: (child: Child, move: Move) => this.#onMove(child, move) };
    const child = new Child(spec, this.#needs.fork(place), this.#needs.clock);
    this.#children.set(child.id, child);
    this.#needs.emit({ type: 'child-forked', child });
  }

  #onMove(child: Child, move: Move): void {
    this.#needs.emit({ type: 'child-moved', child, ...move });
    if (child.failed && !this.#hasSettled && !this.spec.retriesFirst) this.#isHalted = true; // No newcomers beside one that takes its time to go.
    if (move.from === 'starting' && move.to === 'ready') this.#probe(child);
    if (move.to === 'gone' || move.to === 'lost') this.#bury(child);
    this.#settle();
    this.#tellIfEmpty();
  }

  /** The first newcomer of a reload has to last for a while before anybody leaves for one. */
  #probe(child: Child): void {
    if (!this.#goal.isUnproven || child.generation !== this.#goal.generation) return;
    this.#needs.clock.after(this.spec.probationMs, () => {
      if (child.status !== 'ready' || child.generation !== this.#goal.generation) return;
      this.#goal = { ...this.#goal, isUnproven: false };
      this.#needs.emit({ type: 'proven', generation: child.generation });
      this.#settle();
    });
  }

  #bury(child: Child): void {
    if (!this.#children.delete(child.id)) return; // A lost child that did exit after all.
    if (this.#goal.worn === child.id) this.#goal = { ...this.#goal, worn: undefined };
    this.#needs.emit({ type: 'child-left', child, exit: child.exit });
    if (child.failed) this.#answerFailure(child);
  }

  #answerFailure(child: Child): void {
    const { slot, readyAt } = child;
    const facts = { goal: this.#goal, children: this.children, hasSettled: this.#hasSettled, rollout: this.#rollout, now: this.#needs.clock.now() };
    const answer = answerTo(child, this.spec, facts);
    if (answer === 'halt') this.#halt(child);
    if (answer === 'abort' && this.#rollout) this.#abort(child, this.#rollout);
    if (answer === 'leave-empty') this.#needs.emit(this.#retries.leaveEmpty(slot));
    if (answer === 'give-up') this.#needs.emit(this.#retries.giveUp(slot));
    if (answer === 'retry') this.#needs.emit(this.#retries.retry(slot, readyAt));
  }

  #halt(child: Child): void {
    this.#isHalted = true;
    this.#expectations.reject(new StartFailure(this.spec.name, child));
  }

  /** Everything is as it was before: who was replaced already is replaced again, from what is known to work. */
  #abort(child: Child, { from, failures }: Rollout): void {
    const { generation } = this.#goal;
    const isRestart = from === generation;
    this.#rollout = undefined;
    this.#goal = { ...this.#goal, generation: from, isUnproven: false, rejected: isRestart ? undefined : generation };
    this.#expectations.reject(new ReloadFailure(this.spec.name, child, failures, isRestart));
  }
}
