// One cluster from start to stop: its phases, and the handle that `startCluster` returns.

import { ClusterError, exitCodeOf, messageOf } from '../errors.js';
import { publicStatus } from '../lifecycle/public-status.js';
import type { Address, ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import type { ClusterSnapshot } from '../protocol/snapshot.js';
import { ReloadFailure, StartFailure } from '../supervision/group.js';
import { type Part, type StopReport, stopInOrder } from '../supervision/stop-in-order.js';
import type { Cancel, Clock } from '../system/clock.js';
import { nodeVersion, ownPid, uniqueName } from '../system/environment.js';
import { freePort } from '../system/free-port.js';
import { memoryFacts } from '../system/memory.js';
import type { ParentLine } from '../system/parent-line.js';
import { type PidFile, writePidFile } from '../system/pid-file.js';
import { sweep } from '../system/process-tree.js';
import type { EventBus } from './event-bus.js';
import { watchHealth } from './health.js';
import { Readiness } from './readiness.js';
import type { Settings } from './settings.js';
import { reloadError, startError } from './start-error.js';
import { withoutSecrets } from './visible-options.js';
import { Workforce } from './workforce.js';

const MOST_WORKERS = 1_024;

export interface ClusterNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly parent: ParentLine;
  readonly events: EventBus;
}

export interface StopOptions {
  /** When it aborts, nothing is polite any more. */
  readonly force?: AbortSignal;
  readonly signal?: string;
}

export class Cluster implements AsyncDisposable {
  readonly settings: Settings;
  readonly #needs: ClusterNeeds;
  readonly #readiness = new Readiness();
  readonly #instance = uniqueName();
  #phase: 'starting' | 'up' | 'stopping' | 'stopped' = 'starting';
  #workforce: Workforce | undefined;
  #pidFile: PidFile | undefined;
  #startedAt = 0;
  #cancelHealth: Cancel = () => {};
  #stopped: Promise<StopReport> | undefined;
  #wasTold = false;
  #tellStopped: (report: StopReport) => void = () => {};
  /** However it comes about. */
  readonly stopped: Promise<StopReport>;

  constructor(settings: Settings, needs: ClusterNeeds) {
    this.settings = settings;
    this.#needs = needs;
    this.stopped = new Promise(resolve => {
      this.#tellStopped = resolve;
    });
  }

  /** Where it can be reached; undefined before it is started, and for programs that never listen. */
  get address(): Address | undefined {
    return this.#workforce?.address;
  }

  get wasStarted(): boolean {
    return this.#readiness.isReady;
  }

  /** A stop was asked for: by a signal, or by its owner. */
  get wasTold(): boolean {
    return this.#wasTold;
  }

  /** Resolves when agent and all app workers are started. A failure stops everything first and rejects with the reason. */
  async start(): Promise<this> {
    this.#startedAt = this.#needs.clock.now();
    this.#announce();
    try {
      await this.#bringUp();
    } catch (error) {
      const reason = await this.#reasonOf(error);
      this.#readiness.fail(reason);
      await this.#stopOnce({});
      throw reason;
    }
    return this;
  }

  snapshot(): ClusterSnapshot {
    const workers = this.#workforce?.apps.snapshots ?? [];
    const size = this.#workforce?.apps.group.goal.size ?? 0;
    const ready = workers.filter(({ status }) => status === 'ready').length;
    const isReloading = this.#workforce?.apps.group.isReloading ?? false;
    const agent = this.#workforce?.agents?.snapshots.at(-1);
    const status = publicStatus({ phase: this.#phase, isReloading, ready, wanted: size });
    const droppedMessages = this.#workforce?.messenger.dropped ?? 0;
    return { name: this.settings.name, pid: ownPid(), status, address: this.address, size, agent, workers, droppedMessages };
  }

  /** Resolves when there are `workers` ready app workers. */
  async resize(workers: number): Promise<void> {
    if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS) {
      throw new ClusterError('ERR_INVALID_OPTIONS', `resize: should be a whole number from 1 to ${MOST_WORKERS}, got ${String(workers)}`);
    }
    await this.#upWorkforce('resize').apps.group.resize(workers);
    this.#emit({ type: 'cluster-resized', workers });
  }

  /** Replaces every app worker, newcomer first. Rejects with ERR_RELOAD_FAILED when newcomers fail three times: the old ones serve on. */
  async reload(): Promise<void> {
    const { apps, listeners } = this.#upWorkforce('reload');
    const { clock } = this.#needs;
    const startedAt = clock.now();
    this.#emit({ type: 'cluster-reloading' });
    try {
      await apps.group.reload();
    } catch (error) {
      const reason = await this.#reasonOf(error);
      this.#emit({ type: 'reload-failed', message: reason.message });
      throw reason;
    }
    listeners.releaseUnused();
    this.#emit({ type: 'cluster-reloaded', tookMs: Math.round(clock.now() - startedAt) });
  }

  /** Apps first, then the agent, within the stop budget. Idempotent: everybody gets the same report. */
  stop(options: StopOptions = {}): Promise<StopReport> {
    this.#wasTold = true;
    return this.#stopOnce(options);
  }

  /** For what an owner notices from outside. */
  tell(event: ClusterEvent): void {
    this.#emit(event);
  }

  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#needs.events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #bringUp(): Promise<void> {
    const { settings } = this;
    const { clock, random, parent } = this.#needs;
    this.#pidFile = settings.pidFile === undefined ? undefined : writePidFile(settings.pidFile);
    const clusterPort = settings.program.kind === 'framework' ? await freePort(0) : undefined;
    const instance = this.#instance;
    const onReloadAsked = () => void this.reload().catch(() => {}); // Told by its event.
    const onKilledByDebugger = () => {
      this.#emit({ type: 'debugger-killed-worker' });
      void this.stop();
    };
    const emit = (event: ClusterEvent) => this.#emit(event);
    this.#refuseIfStopping();
    const workforce = new Workforce({ settings, clock, random, emit, parent, instance, clusterPort, onReloadAsked, onKilledByDebugger });
    this.#workforce = workforce;
    parent.listen(message => workforce.messenger.receive(message, 'parent'));
    const agentStarted = workforce.agents?.group.resize(1);
    await workforce.prepareApps();
    await agentStarted;
    this.#refuseIfStopping();
    await workforce.apps.group.resize(settings.workers.count);
    this.#onUp(workforce);
  }

  #onUp(workforce: Workforce): void {
    const { settings } = this;
    const address = workforce.address ?? { protocol: 'http', text: 'no address' };
    this.#phase = 'up';
    this.#readiness.succeed();
    const tookMs = Math.round(this.#needs.clock.now() - this.#startedAt);
    this.#emit({ type: 'cluster-started', name: settings.program.name, address, tookMs, isSticky: settings.sticky, debugPort: settings.debugPort });
    workforce.notices.clusterStarted(address);
    if (settings.isProduction) this.#watchHealth(workforce);
  }

  #watchHealth({ apps, agents }: Workforce): void {
    const look = () => ({
      apps: apps.group.children.length,
      agents: agents?.group.children.length ?? 0,
      wantsAgent: agents !== undefined,
      isRetrying: apps.group.isRetrying || (agents?.group.isRetrying ?? false),
    });
    this.#cancelHealth = watchHealth(this.#needs.clock, look, facts => {
      this.#emit({ type: 'cluster-lost', agents: facts.agents, apps: facts.apps });
      void this.stop();
    });
  }

  #stopOnce(options: StopOptions): Promise<StopReport> {
    this.#stopped ??= this.#stop(options);
    return this.#stopped;
  }

  async #stop({ force, signal }: StopOptions): Promise<StopReport> {
    const { clock } = this.#needs;
    const { budgetMs } = this.settings.timeouts;
    const startedAt = clock.now();
    this.#phase = 'stopping';
    this.#cancelHealth();
    this.#emit({ type: 'cluster-stopping', signal, budgetMs, memory: memoryFacts() });
    const deadline = new AbortController();
    const cancelDeadline = clock.after(budgetMs, () => deadline.abort());
    const parts = this.#parts();
    this.#workforce?.listeners.close();
    const report = await stopInOrder(parts, force ? AbortSignal.any([force, deadline.signal]) : deadline.signal);
    cancelDeadline();
    await sweep(this.#instance, force?.aborted ? 0 : Math.max(0, Math.min(budgetMs - (clock.now() - startedAt), 5_000)), clock);
    this.#removePidFile();
    this.#phase = 'stopped';
    this.#emit({ type: 'cluster-stopped', forced: report.forced, survived: report.survived, tookMs: Math.round(clock.now() - startedAt) });
    this.#tellStopped(report);
    return report;
  }

  /** In the order of their start. */
  #parts(): Part[] {
    const { agents, apps } = this.#workforce ?? {};
    return [agents, apps].filter(crew => crew !== undefined).map(({ role, group }) => ({ name: role, stop: force => group.stop(force) }));
  }

  #removePidFile(): void {
    const reason = this.#pidFile?.remove();
    if (reason !== undefined) this.#emit({ type: 'pid-file-kept', path: this.settings.pidFile ?? '', reason });
  }

  async #reasonOf(error: unknown): Promise<Error> {
    if (!(error instanceof StartFailure || error instanceof ReloadFailure)) return this.#otherReason(error);
    const failed = this.#workforce?.lastFailure;
    if (failed === undefined) return error;
    await failed.worker.settled; // Its last words may still be in the channel.
    const startMs = this.settings.timeouts.app.start ?? 0;
    const isReload = error instanceof ReloadFailure;
    const reason = isReload ? reloadError(failed, 3) : startError({ failed, startMs, conflict: this.#workforce?.listeners.conflict });
    if (!isReload) this.#emitStartFailed(reason, failed.worker);
    return reason;
  }

  #otherReason(error: unknown): Error {
    if (this.#phase !== 'starting') return new ClusterError('ERR_STOPPED', 'The cluster was stopped before this was done.', { cause: error });
    const reason = error instanceof Error ? error : new Error(messageOf(error));
    this.#emitStartFailed(reason, undefined);
    return reason;
  }

  #emitStartFailed(reason: Error, worker: { role: 'agent' | 'app'; place: { id: number }; pid: number } | undefined): void {
    this.#emit({
      type: 'cluster-start-failed',
      role: worker?.role,
      id: worker?.place.id,
      pid: worker?.pid,
      message: reason.message,
      exitCode: exitCodeOf(reason),
    });
  }

  #refuseIfStopping(): void {
    if (this.#phase !== 'starting') throw new ClusterError('ERR_STOPPED', 'The cluster was stopped while it was starting.');
  }

  #upWorkforce(what: string): Workforce {
    if (this.#phase === 'up' && this.#workforce) return this.#workforce;
    throw new ClusterError('ERR_STOPPED', `${what}: the cluster is ${this.#phase}. Wait until it is up.`);
  }

  #announce(): void {
    const { program, isProduction, serverEnv, nodeEnv, workers, options } = this.settings;
    const environment = { isProduction, serverEnv, nodeEnv, nodeVersion: nodeVersion() };
    this.#emit({ type: 'cluster-starting', program: { name: program.name, version: program.version }, options: withoutSecrets(options), environment, workers });
  }

  #emit(event: ClusterEvent): void {
    this.#needs.events.emit(event);
  }
}
