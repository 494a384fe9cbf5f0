// One cluster from start to stop: its phases, and the handle that `startCluster` returns.

import { ClusterError } from '../errors.js';
import type { Address, ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import type { Envelope } from '../protocol/messages.js';
import { Operable } from '../protocol/operable.js';
import type { ClusterSnapshot } from '../protocol/snapshot.js';
import type { StopReport } from '../supervision/stop-in-order.js';
import type { Cancel } from '../system/clock.js';
import { clusterPort } from '../system/free-port.js';
import { type PidFile, writePidFile } from '../system/pid-file.js';
import type { ClusterNeeds } from './cluster-needs.js';
import { checkSize } from './option-values.js';
import { Readiness } from './readiness.js';
import { type ReloadScope, Reloads, resizeApps } from './reload.js';
import type { Settings } from './settings.js';
import { shutDown } from './shut-down.js';
import { snapshotOf } from './snapshot-of.js';
import { startCrews } from './start-crews.js';
import { type FailureReason, reasonOf, startFailedEvent } from './start-error.js';
import { startingEvent } from './starting-event.js';
import { type StopOptions, StopPatience } from './stop-patience.js';
import { watchCluster } from './watches.js';
import type { WorkerProcess } from './worker-process.js';
import { Workforce } from './workforce.js';

export class Cluster extends Operable implements AsyncDisposable {
  readonly #settings: Settings;
  #reloads: Reloads | undefined;
  readonly #needs: ClusterNeeds;
  readonly #readiness = new Readiness();
  #phase: 'starting' | 'up' | 'stopping' | 'stopped' = 'starting';
  #workforce: Workforce | undefined;
  #pidFile: PidFile | undefined;
  #startedAt = 0;
  #cancelWatches: Cancel = () => {};
  #deafenParent: () => void = () => {};
  #stopped: Promise<StopReport> | undefined;
  readonly #patience = new StopPatience(() => this.#needs.clock);
  #tellStopped: (report: StopReport) => void = () => {};
  readonly #emit = (event: ClusterEvent): void => this.#needs.events.emit(event);
  /** However it comes about. */
  readonly stopped: Promise<StopReport>;

  constructor(settings: Settings, needs: ClusterNeeds) {
    super(needs.surface);
    this.#settings = settings;
    this.#needs = needs;
    this.stopped = new Promise(resolve => {
      this.#tellStopped = resolve;
    });
  }

  /** As they were read last. */
  get settings(): Settings {
    return this.#workforce?.settings ?? this.#settings;
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
    return this.#patience.wasTold;
  }

  /** Resolves when agent and all app workers are started. A failure stops everything first and rejects with the reason. */
  async start(): Promise<this> {
    this.#refuseIfStopping();
    this.#startedAt = this.#needs.clock.now();
    this.#emit(startingEvent(this.settings));
    try {
      await this.#bringUp();
    } catch (error) {
      const { reason, worker } = await this.#reasonOf(error);
      if (this.#phase === 'starting') this.#emit(startFailedEvent(reason, worker));
      this.#readiness.fail(reason);
      await this.#stopOnce({});
      throw reason;
    }
    return this;
  }

  snapshot(): ClusterSnapshot {
    return snapshotOf({ pid: this.#needs.pid, name: this.settings.name, phase: this.#phase, workforce: this.#workforce });
  }

  get children(): readonly WorkerProcess[] {
    return this.#workforce?.children ?? [];
  }

  /** Counts reloads and restarts. */
  get generation(): number {
    return this.#workforce?.apps.group.goal.generation ?? 0;
  }

  /** Resolves when there are `workers` ready app workers. */
  async resize(workers: number): Promise<void> {
    checkSize(workers);
    const { clock } = this.#needs;
    await resizeApps(this.#upWorkforce('resize'), workers, { clock, emit: this.#emit, reasonOf: error => this.#reasonOf(error) });
  }

  /**
   * Reads the configuration anew and replaces every app worker, newcomer first, then the agent. Rejects when something is wrong with the
   * configuration, or with ERR_RELOAD_FAILED when newcomers fail three times: then everything is as it was.
   * @param scope `apps`: the agent stays
   */
  async reload(scope: ReloadScope = 'all'): Promise<void> {
    this.#upWorkforce('reload');
    await this.#reloads?.ask(scope);
  }

  /** Stops all workers, then starts them; the sockets stay open, and connections wait. Rejects with ERR_RELOAD_FAILED when newcomers keep failing. */
  async restart(): Promise<void> {
    this.#upWorkforce('restart');
    await this.#reloads?.restart();
  }

  /** A new master takes this one's place, on the same sockets; resolves with its pid when it serves. Rejects with ERR_NO_KEEPER, ERR_UPGRADE_FAILED: then this one goes on. */
  async upgrade(node?: string): Promise<number> {
    this.#upWorkforce('upgrade');
    return this.#needs.upgrade(node);
  }

  get workforce(): Workforce | undefined {
    return this.#workforce;
  }

  /** Apps first, then the agent, within the stop budget. Idempotent: everybody gets the same report. */
  async stop(options: StopOptions = {}): Promise<StopReport> {
    this.#patience.heed(options);
    const report = await this.#stopOnce(options);
    await this.#needs.release?.();
    return report;
  }

  /** A message in the master's name. */
  readonly send = (message: Envelope): void => this.#workforce?.messenger.receive(message, 'master');

  /** For what an owner notices from outside. */
  readonly tell = (event: ClusterEvent): void => this.#emit(event);

  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#needs.events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #bringUp(): Promise<void> {
    const { settings } = this;
    const { clock, parent, reread, beforeAgent } = this.#needs;
    this.#pidFile = settings.pidFile === undefined ? undefined : writePidFile(settings.pidFile, this.#needs.pid);
    const port = settings.program.kind === 'framework' ? await clusterPort(settings.port) : undefined;
    const onReloadAsked = this.#needs.onReloadAsked ?? (() => void this.reload('apps').catch(() => {})); // Told by its event.
    const onKilledByDebugger = () => {
      this.#emit({ type: 'debugger-killed-worker' });
      (this.#needs.onKilledByDebugger ?? (() => void this.stop()))();
    };
    this.#refuseIfStopping();
    const { mark: instance, ...given } = this.#needs;
    const workforce = new Workforce({ ...given, instance, settings, emit: this.#emit, clusterPort: port, onReloadAsked, onKilledByDebugger });
    this.#workforce = workforce;
    this.#reloads = new Reloads(workforce, { clock, reread, emit: this.#emit, reasonOf: error => this.#reasonOf(error) });
    this.#deafenParent = parent.listen(message => workforce.messenger.receive(message, 'parent'));
    await startCrews(workforce, { workers: settings.workers.count, beforeAgent, refuse: () => this.#refuseIfStopping() });
    this.#onUp(workforce);
  }

  #onUp(workforce: Workforce): void {
    const { settings } = this;
    const address = workforce.address ?? { protocol: 'http', text: 'no address' };
    this.#phase = 'up';
    this.#readiness.succeed();
    const tookMs = Math.round(this.#needs.clock.now() - this.#startedAt);
    this.#emit({ type: 'cluster-started', name: settings.program.name, address, tookMs, isSticky: settings.sticky, debugPort: settings.debugPort });
    workforce.onUp(address);
    this.#cancelWatches = watchCluster(settings, workforce, { ...this.#needs, stop: () => void this.stop() });
  }

  #stopOnce(options: StopOptions): Promise<StopReport> {
    this.#stopped ??= this.#stop(options);
    return this.#stopped;
  }

  async #stop(options: StopOptions): Promise<StopReport> {
    this.#phase = 'stopping';
    this.#cancelWatches();
    const facts = { needs: this.#needs, settings: this.settings, wasReady: this.wasStarted, workforce: this.#workforce, patience: this.#patience };
    const report = await shutDown(facts, options, () => {
      const kept = options.isSucceeded ? undefined : this.#pidFile?.remove();
      if (kept !== undefined) this.#emit({ type: 'pid-file-kept', path: this.settings.pidFile ?? '', reason: kept });
      this.#deafenParent();
      this.#phase = 'stopped';
    });
    this.#tellStopped(report);
    return report;
  }

  #reasonOf(error: unknown): Promise<FailureReason> {
    return reasonOf(error, { workforce: this.#workforce, timeouts: this.settings.timeouts, isStarting: this.#phase === 'starting' });
  }

  #refuseIfStopping(): void {
    if (this.#phase !== 'starting') throw new ClusterError('ERR_STOPPED', 'The cluster was stopped while it was starting.');
  }

  #upWorkforce(what: string): Workforce {
    if (this.#phase === 'up' && this.#workforce) return this.#workforce;
    throw new ClusterError('ERR_STOPPED', `${what}: the cluster is ${this.#phase}. Wait until it is up.`);
  }
}
