// A supervisor as an instance: its name, its control server, its log, and an end that is told.

import { claimFile } from '../control/up-again.js';
import { EventBus } from '../instance/event-bus.js';
import { Instance } from '../instance/instance.js';
import type { Served } from '../instance/instance-facts.js';
import type { LogOptions } from '../instance/open-recording.js';
import type { Surface } from '../protocol/control.js';
import type { SupervisorConfig } from '../protocol/service-spec.js';
import type { UpAccount } from '../protocol/service-status.js';
import type { StopAccount } from '../protocol/snapshot.js';
import type { AdminAddress } from '../system/admin-address.js';
import { repeat, systemClock } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { nodeVersion, ownPid } from '../system/environment.js';
import { memoryFacts } from '../system/memory.js';
import { Channels } from './channels.js';
import { readServicesFile, readServicesObject } from './config/services-file.js';
import { Supervisor } from './supervisor.js';
import { servedSupervisor } from './surface.js';

/** After the budget: SIGKILL, and a look. */
const SLACK_MS = 5_000;
const LONG_MS = 3_600_000;

export interface SupervisingOptions {
  readonly config: SupervisorConfig;
  readonly name: string;
  readonly logs: LogOptions | undefined;
  readonly admin: AdminAddress | undefined;
  /** False: this process is somebody else's, and so is what it writes. */
  readonly isOwnProcess: boolean;
}

export class Supervising {
  readonly events = new EventBus();
  readonly instance: Instance;
  readonly #options: SupervisingOptions;
  readonly #force = new AbortController();
  #supervisor: Supervisor | undefined;
  #served: Served | undefined;
  #channels: Channels | undefined;
  #stopped: Promise<StopAccount> | undefined;
  /** A process that has no child, because nothing runs or all of it was adopted, would end. */
  #mayEnd = () => {};

  constructor(options: SupervisingOptions) {
    const { config, name, logs, admin, isOwnProcess } = options;
    const place = { pid: ownPid(), isKept: false, isHeir: false, file: config.file, ownsOutput: isOwnProcess };
    this.#options = options;
    this.instance = new Instance(
      { kind: 'supervisor', name, isNameGiven: true, baseDir: config.folder, logs, admin, stopMs: config.stopMs + SLACK_MS, isJournalled: true, ...place },
      this.events,
    );
  }

  /** Throws before `open`. */
  get supervisor(): Supervisor {
    if (this.#supervisor === undefined) throw new Error('not open yet');
    return this.#supervisor;
  }

  /** Takes the name, and over what is running. Throws ERR_ALREADY_RUNNING, ERR_UNSAFE_FOLDER. */
  async open(): Promise<void> {
    const { config } = this.#options;
    const { instance, events } = this;
    await claimFile(config.file, instance.name, () => instance.open());
    this.#mayEnd = repeat(systemClock, LONG_MS, () => {});
    events.emit({
      type: 'supervisor-starting',
      pid: ownPid(),
      file: config.file,
      services: config.services.length,
      version: packageVersion(),
      node: nodeVersion(),
    });
    for (const message of config.warnings) events.emit({ type: 'config-warned', message });
    for (const { name, source, reason } of config.invalid) events.emit({ type: 'service-invalid', service: name, source, reason });
    try {
      this.#supervisor = new Supervisor({ config, instance, events, clock: systemClock, random: Math.random });
      await this.#supervisor.open();
    } catch (error) {
      await this.close();
      throw error;
    }
    const served = servedSupervisor(this);
    this.#served = served;
    await instance.serve(served);
  }

  /** What it can be asked. Throws before `open`. */
  get surface(): Surface {
    if (this.#served === undefined) throw new Error('not open yet');
    return this.#served.surface;
  }
  get channels(): Channels {
    this.#channels ??= new Channels(this.supervisor);
    return this.#channels;
  }

  /** What the services file, and its sources, say now. */
  read(): Promise<SupervisorConfig> {
    const { file, folder } = this.supervisor.config;
    return file === undefined ? readServicesObject(this.#options.config.given, folder) : readServicesFile(file);
  }

  /** New services are known from now on; nothing is started or stopped. */
  async reread(): Promise<void> {
    this.supervisor.know(await this.read());
  }

  /** The difference between what the services file said and says now is done. Throws ERR_INVALID_CONFIG: then nothing is. */
  async apply(names: readonly string[] = []): Promise<UpAccount> {
    const startedAt = systemClock.now();
    this.events.emit({ type: 'config-applying' });
    try {
      return await this.supervisor.apply(await this.read(), names);
    } finally {
      this.events.emit({ type: 'config-settled', tookMs: Math.round(systemClock.now() - startedAt) });
    }
  }

  /** Starts what is wanted. Resolves when all of it is ready or has failed. */
  async up(names: readonly string[] = []): Promise<UpAccount> {
    const report = await this.supervisor.up(names);
    const { tookMs, running, failed } = report;
    this.events.emit({ type: 'supervisor-started', name: this.instance.name, tookMs, running: running.length, failed: failed.map(({ service }) => service) });
    return report;
  }

  /** Idempotent; a later force shortens it. */
  stop(force: AbortSignal, signal?: string): Promise<StopAccount> {
    if (force.aborted) this.#force.abort();
    force.addEventListener('abort', () => this.#force.abort(), { once: true });
    this.#stopped ??= this.#stop(signal);
    return this.#stopped;
  }

  async #stop(signal: string | undefined): Promise<StopAccount> {
    const { stopMs } = this.#options.config;
    const startedAt = systemClock.now();
    const cancel = systemClock.after(stopMs, () => this.#force.abort());
    this.events.emit({ type: 'cluster-stopping', signal, budgetMs: stopMs, memory: memoryFacts() });
    const reports = (await this.#supervisor?.down(this.#force.signal)) ?? [];
    cancel();
    const remains = reports.flatMap(({ service, remains: left }) => left.map(what => `${service}: ${what}`));
    const survived = remains.flatMap(text => /process (\d+)/.exec(text)?.[1] ?? []).map(Number);
    const account = { tookMs: Math.round(systemClock.now() - startedAt), forced: reports.flatMap(({ forced }) => forced), survived, remains };
    this.events.emit({ type: 'cluster-stopped', ...account });
    return account;
  }

  /** After the stop: nothing is left in the run root, and the last lines are written. */
  close(): Promise<void> {
    this.#mayEnd();
    return this.instance.close();
  }
}
