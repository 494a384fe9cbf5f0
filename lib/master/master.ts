// egg-cluster's Master: an EventEmitter that starts a cluster. Frameworks extend it, or patch its prototype; whatever it does is
// done by the Cluster behind it, and what is overridden here is asked for at its time.
//
// Events: `agent-start`, `agent-exit`, `app-start`, `app-exit`, `reload-worker`, and every action that a process sends to the
// master. Nothing in the runtime depends on them: a message can never stand for a fact.

import { EventEmitter } from 'node:events';
import { ClusterError, messageOf } from '../errors.js';
import type { Instance } from '../instance/instance.js';
import { obeySignals } from '../instance/signals.js';
import { HTTPS_FLAG_DEPRECATED } from '../observe/log.js';
import { type DeferredLogger, deferred, masterLogger } from '../observe/logger.js';
import type { Role } from '../protocol/events.js';
import type { Envelope } from '../protocol/messages.js';
import { workerFile } from '../system/entries.js';
import { exitProcess, onProcessExit, setExitCode } from '../system/environment.js';
import { printError } from '../system/last-resort.js';
import { requirePackage } from '../system/require-package.js';
import { checkOptions, type StartOptions, suspicionsOf } from './call-options.js';
import type { Cluster } from './cluster.js';
import { announceTo, HANDLERS } from './master-events.js';
import { type MasterWorker, WorkerManager } from './master-workers.js';
import { exitCodeOfStop, isQuiet, prepareCluster } from './run.js';
import type { Settings } from './settings.js';
import type { StopOptions } from './stop-patience.js';

const { Ready } = requirePackage<typeof import('get-ready')>('get-ready');

/** As the workers get them: checked, with defaults. What a subclass changes in its constructor reaches them. */
export type MasterOptions = Record<string, unknown> & { readonly framework?: string; readonly baseDir: string; readonly workers: number };
type ReadyCallback = (error?: Error) => void;

export class Master extends EventEmitter {
  readonly options: MasterOptions;
  readonly isProduction: boolean;
  readonly logger: DeferredLogger;
  readonly workerManager: WorkerManager;
  /** `send({ action, data, to, receiverPid })`, in the master's name. */
  readonly messenger: { send(message: Envelope): void };
  /** All workers have started. */
  isStarted = false;
  /** A stop has begun. */
  closed = false;
  readonly #settings: Settings;
  readonly #isOwnProcess: boolean;
  readonly #ready = new Ready();
  /** There is a cluster; whether it has started is another matter. */
  readonly #prepared: Promise<Cluster>;
  readonly #cluster: Promise<Cluster>;
  #running: Cluster | undefined;
  #instance: Instance | undefined;
  #stopOptions: StopOptions = {};

  /**
   * Starts as soon as the constructors of subclasses are done: this class is the one exception to "constructors never act", because
   * egg-cluster's does. Throws what is wrong with the options.
   */
  constructor(options?: StartOptions | null) {
    super();
    const { settings, given } = checkOptions(options ?? {});
    if (given.https === true) printError(HTTPS_FLAG_DEPRECATED);
    this.#settings = settings;
    this.#isOwnProcess = given.ownProcess !== false;
    this.options = settings.options as MasterOptions;
    this.isProduction = settings.isProduction;
    this.logger = deferred(masterLogger());
    this.workerManager = new WorkerManager(() => this.#running);
    this.messenger = { send: message => this.#running?.send(message) };
    for (const [event, handler] of HANDLERS) this.on(event, (...data: unknown[]) => this.#call(handler, data));
    if (this.#isOwnProcess) this.#obeySignals();
    this.#prepared = Promise.resolve().then(() => this.#prepare(given));
    this.#cluster = this.#prepared.then(cluster => (this.#isOwnProcess ? this.#own(cluster) : cluster.start()));
    this.#cluster.then(
      () => this.#ready.ready(true),
      (error: Error) => this.#fail(error),
    );
  }

  /** The handle, when all are started. Rejects when the start failed, and the process is not its own to end. */
  get cluster(): Promise<Cluster> {
    return this.#cluster;
  }
  get agentWorker(): { readonly instance: MasterWorker | undefined } {
    return { instance: this.workerManager.getAgent() };
  }
  get appWorker(): { readonly isAllWorkerStarted: boolean } {
    return { isAllWorkerStarted: this.isStarted };
  }

  ready(): Promise<void>;
  ready(callback: ReadyCallback): void;
  ready(callback?: ReadyCallback): Promise<void> | undefined {
    if (callback === undefined) return this.#ready.ready();
    this.#ready.ready(callback);
    return undefined;
  }

  /** Life-cycle lines: info, or debug while developing. */
  log(message: unknown, ...values: unknown[]): void {
    this.logger[isQuiet(this.#settings) ? 'debug' : 'info'](message, ...values);
  }

  /** The worker's main module. One that is overridden finds the options as JSON in `process.argv[2]`. */
  getAgentWorkerFile(): string {
    return this.#workerFile('agent');
  }
  getAppWorkerFile(): string {
    return this.#workerFile('app');
  }

  /** `reload-worker` came from the agent or the parent. */
  onReload(): void {
    this.#running?.reload('apps').catch(() => {}); // A failure is told by its event.
  }
  /** The first SIGTERM, SIGINT or SIGQUIT. */
  onSignal(_signal: string): void {
    if (!this.closed) void this.close();
  }
  onAgentStart(): void {}
  onAgentExit(_exit: { readonly code: number | null; readonly signal: string | null }): void {}
  onAppStart(_start: { readonly workerId: number; readonly address: unknown }): void {}
  onAppExit(_exit: { readonly workerId: number; readonly code: number | null; readonly signal: string | null }): void {}
  /** The process ends. */
  onExit(_code: number): void {}

  /** Stops everything; then the process ends, if it is this cluster's own. */
  async close(): Promise<void> {
    this.closed = true;
    const cluster = await this.#prepared;
    await cluster.stop(this.#stopOptions);
  }

  /** A handler of a framework's own must not end the master: neither thrown nor rejected. */
  #call(handler: (typeof HANDLERS)[number][1], data: unknown[]): void {
    const report = (error: unknown) => this.#running?.tell({ type: 'master-erred', message: `${handler} failed: ${messageOf(error)}` });
    void (async () => (this[handler] as (...data: unknown[]) => unknown)(...data))().catch(report);
  }

  #workerFile(role: Role): string {
    const { program, agentWorkerFile, appWorkerFile } = this.#settings;
    const own = role === 'agent' ? agentWorkerFile : appWorkerFile;
    return own ?? (program.kind === 'framework' ? workerFile(role, program.directory) : program.file);
  }

  async #prepare(given: Readonly<Record<string, unknown>>): Promise<Cluster> {
    const { cluster, instance } = await prepareCluster(this.#withWorkerFiles(this.#settings), {
      logger: this.logger,
      suspicions: suspicionsOf(given),
      isShared: !this.#isOwnProcess,
      reread: async () => this.#withWorkerFiles(checkOptions(given).settings),
      onReloadAsked: () => this.emit('reload-worker'),
      onKilledByDebugger: () => void this.close(),
    });
    this.#running = cluster;
    this.#instance = instance;
    if (!this.#isOwnProcess) void cluster.stopped.then(() => instance.close());
    announceTo(this, cluster);
    cluster.on('cluster-stopping', () => Object.assign(this, { closed: true }));
    cluster.on('cluster-started', () => Object.assign(this, { isStarted: true }));
    return cluster;
  }

  /** What a subclass says; the built-in files are found anyway. */
  #withWorkerFiles(settings: Settings): Settings {
    if (settings.program.kind !== 'framework') return settings;
    const asked = (role: Role, file: string) => (file === this.#workerFile(role) ? undefined : file);
    const { agentWorkerFile, appWorkerFile } = settings;
    return {
      ...settings,
      agentWorkerFile: asked('agent', this.getAgentWorkerFile()) ?? agentWorkerFile,
      appWorkerFile: asked('app', this.getAppWorkerFile()) ?? appWorkerFile,
    };
  }

  #obeySignals(): void {
    obeySignals({
      stop: (signal, haste) => {
        this.#stopOptions = { signal, ...haste };
        this.onSignal(signal);
      },
      reload: () => this.#running?.reload(),
      hurried: (signal, leftMs) => this.#running?.tell({ type: 'cluster-stop-hurried', signal, leftMs }),
    });
  }

  /** The end of the cluster is the end of the process. */
  async #own(cluster: Cluster): Promise<Cluster> {
    onProcessExit(code => this.onExit(code));
    let isLost = false;
    cluster.on('cluster-lost', () => {
      isLost = true;
    });
    void cluster.stopped.then(report => {
      if (cluster.wasStarted || cluster.wasTold) void this.#leave(isLost ? 1 : exitCodeOfStop(report));
    });
    try {
      return await cluster.start();
    } catch (error) {
      const isForGood = error instanceof ClusterError && error.kind === 'configuration' && error.code === 'ERR_START_FAILED';
      const isWrong = error instanceof ClusterError && error.code === 'ERR_INVALID_CONFIG';
      if (!cluster.wasTold && !isWrong) await this.#leave(isForGood ? 78 : 1);
      await this.#instance?.close();
      setExitCode(1);
      throw error;
    }
  }

  async #leave(code: number): Promise<void> {
    await this.#instance?.close();
    exitProcess(code);
  }

  /** Nobody may be waiting: then this is no unhandled rejection. */
  #fail(error: Error): void {
    this.#ready.ready(() => {});
    this.#ready.ready(error);
  }
}
