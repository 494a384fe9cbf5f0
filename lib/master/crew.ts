// The agent, or the app workers: a group of worker processes, and what there is to tell about them.

import type { ClusterEvent, Emit, Role } from '../protocol/events.js';
import type { ChildSnapshot } from '../protocol/snapshot.js';
import type { Child } from '../supervision/child.js';
import { Group } from '../supervision/group.js';
import type { GroupEvent, GroupSpec, Place } from '../supervision/group-needs.js';
import type { Clock } from '../system/clock.js';
import type { OomVerdict } from '../system/oom-kills.js';
import { Hangs } from './hangs.js';
import type { WorkerProcess } from './worker-process.js';

export interface CrewNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fork: (place: Place) => WorkerProcess;
  readonly hasSpare?: () => boolean;
  readonly emit: Emit;
  readonly clusterPort: () => number | undefined;
  /** Where workers leave what they did when they hung. */
  readonly hangFolder: string | undefined;
  readonly isKilledByDebugger: (child: Child) => boolean;
  /** Whose the SIGKILL was that is not ours. */
  readonly explainKill: () => OomVerdict;
  readonly onReady: (worker: WorkerProcess) => void;
  /** It may be given connections. */
  readonly onProven: (worker: WorkerProcess) => void;
  readonly onLeaving: (worker: WorkerProcess) => unknown;
  readonly onLeft: (worker: WorkerProcess, child: Child) => void;
}

export class Crew {
  readonly role: Role;
  readonly group: Group;
  readonly #needs: CrewNeeds;
  readonly #hangs: Hangs;
  readonly #workers = new Map<number, WorkerProcess>();
  readonly #forkedAt = new Map<number, number>();
  #hasStarted = false;

  constructor(role: Role, spec: GroupSpec, needs: CrewNeeds) {
    this.role = role;
    this.#needs = needs;
    this.#hangs = new Hangs({ folder: needs.hangFolder, clock: needs.clock });
    const fork = (place: Place) => {
      const worker = needs.fork(place);
      this.#workers.set(place.id, worker);
      this.#forkedAt.set(place.id, needs.clock.now());
      return worker;
    };
    this.group = new Group(spec, { clock: needs.clock, random: needs.random, fork, hasSpare: needs.hasSpare, emit: event => this.#tell(event) });
  }

  /** Those that have a process. */
  get workers(): readonly WorkerProcess[] {
    return [...this.#workers.values()];
  }

  get snapshots(): readonly ChildSnapshot[] {
    return this.group.children.map(child => ({ ...this.#facts(child), status: child.status }));
  }

  #tell(event: GroupEvent): void {
    const { role } = this;
    const { emit } = this.#needs;
    switch (event.type) {
      case 'child-forked':
        return this.#onForked(event.child);
      case 'child-moved':
        return this.#onMoved(event.child, event);
      case 'child-left':
        return this.#onLeft(event.child);
      case 'backing-off':
      case 'slot-left-empty':
      case 'slot-gave-up':
        return emit({ ...event, role });
      case 'proven':
        for (const worker of this.workers.filter(({ place }) => place.generation === event.generation)) this.#onProven(worker);
        return;
      case 'settled':
        this.#hasStarted ||= event.goal.size > 0;
    }
  }

  #onForked(child: Child): void {
    const { inspectorPort: debugPort, isThread = false } = this.#workers.get(child.id)?.forked ?? {};
    this.#needs.emit({ type: 'child-forked', ...this.#facts(child), clusterPort: this.#needs.clusterPort(), debugPort, isThread, pids: this.#ids() });
  }

  #onMoved(child: Child, { from, to, cause }: Extract<GroupEvent, { type: 'child-moved' }>): void {
    const { emit, onLeaving } = this.#needs;
    emit({ type: 'child-moved', ...this.#facts(child), from, to, cause });
    const worker = this.#workers.get(child.id);
    if (worker === undefined) return;
    worker.isHung = to === 'hung';
    if (to === 'hung') emit({ type: 'child-hung', ...this.#facts(child), ...this.#hangs.begin(worker, child) });
    if (from === 'starting' && to === 'ready') this.#onReady(child, worker);
    if (from === 'ready' && to !== 'ready') onLeaving(worker);
    if (from === 'hung' && to === 'ready') this.#onBack(child, worker);
    if (to === 'lost') emit({ type: 'child-lost', ...this.#facts(child) });
  }

  #onReady(child: Child, worker: WorkerProcess): void {
    const { clock, emit, onReady } = this.#needs;
    const { size } = this.group.goal;
    const remaining = size - this.group.children.filter(({ status }) => status === 'ready').length;
    const tookMs = Math.round(clock.now() - (this.#forkedAt.get(child.id) ?? clock.now()));
    const { address } = worker;
    const port = address?.addressType === -1 ? (address.address ?? undefined) : address?.port;
    emit({ type: 'child-started', ...this.#facts(child), port, address, remaining: Math.max(0, remaining), tookMs, isFirst: !this.#hasStarted });
    onReady(worker);
  }

  #onProven(worker: WorkerProcess): void {
    worker.isOnProbation = false;
    this.#needs.onProven(worker);
  }

  #onBack(child: Child, worker: WorkerProcess): void {
    this.#hangs.forget(worker);
    this.#needs.emit({ type: 'child-recovered', ...this.#facts(child) });
    this.#needs.onReady(worker);
  }

  #onLeft(child: Child): void {
    const worker = this.#workers.get(child.id);
    if (worker === undefined) return;
    const { clock, explainKill } = this.#needs;
    this.#workers.delete(child.id);
    this.#forkedAt.delete(child.id);
    const { failed, wasKilled } = child;
    const { isLeaving: wasAsked } = worker;
    const exit = child.exit ?? { code: null, signal: null };
    const livedMs = Math.round(clock.now() - worker.forkedAtMs);
    const event: ClusterEvent = {
      type: 'child-left',
      ...this.#facts(child),
      exit,
      failed,
      wasAsked,
      wasKilled,
      state: worker.forked.state,
      isBoot: !this.#hasStarted,
      byDebugger: this.#needs.isKilledByDebugger(child),
      pids: this.#ids(),
      hang: this.#hangs.end(worker),
      wasReady: child.readyAt !== undefined,
      livedMs,
      operatorSignal: worker.operatorSignal,
      ...(exit.signal === 'SIGKILL' && !wasKilled ? explainKill() : {}),
      vitals: worker.beats.vitals,
      ...(failed ? { failedBy: child.failedBy, lastWords: worker.lastWords } : {}),
    };
    this.#needs.emit(event);
    this.#needs.onLeft(worker, child);
  }

  #facts({ id, slot, generation, process: { pid } }: Child) {
    return { role: this.role, id, pid, slot, generation };
  }

  #ids(): string[] {
    return [...this.#workers.keys()].map(String);
  }
}
