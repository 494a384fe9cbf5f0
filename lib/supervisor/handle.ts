// What `startSupervisor` gives: the services of this process, for a proxy or an admin server in it.

import { ClusterError } from '../errors.js';
import type { ClusterEvent, EventOf, EventType } from '../protocol/events.js';
import { LOCAL_HOST } from '../protocol/service-spec.js';
import type { ServiceStatus, ServiceStopAccount, UpAccount } from '../protocol/service-status.js';
import type { StopAccount, TimedEvent } from '../protocol/snapshot.js';
import { readApiKey } from '../system/api-key.js';
import type { Channels } from './channels.js';
import { detected } from './detect.js';
import { urlOf } from './launch.js';
import type { Service } from './service.js';
import type { Supervising } from './supervising.js';

export interface StartServiceOptions {
  /** False: one that runs already is an error. Default: true. */
  readonly idempotent?: boolean;
}
export interface StopServiceOptions extends StartServiceOptions {
  /** Kill at once. Default: false. */
  readonly force?: boolean;
}

/** The one control channel of a service. */
export interface Channel {
  readonly service: string;
  /** What becomes of it, from now on. */
  readonly events: AsyncIterable<TimedEvent<ClusterEvent>>;
  /** Aborts when it is released. */
  readonly over: AbortSignal;
  /** Others may attach. Idempotent. */
  release(): void;
}

const FIRST_PROFILE = 'default';
const never = () => new AbortController().signal;

export class SupervisorHandle {
  readonly #supervising: Supervising;
  readonly #channels: Channels;

  constructor(supervising: Supervising, channels: Channels) {
    this.#supervising = supervising;
    this.#channels = channels;
  }

  get name(): string {
    return this.#supervising.instance.name;
  }

  /** Every service as this supervisor knows it, those included that cannot be one. */
  async list(): Promise<readonly ServiceStatus[]> {
    return this.#surface.services({});
  }

  /** The profiles of the gateways among them, listed anew: new ones are known from now on. */
  async listProfiles(): Promise<readonly ServiceStatus[]> {
    await this.#supervising.reread();
    const profiles = this.#services.filter(({ spec }) => spec.isProfile).map(({ name }) => name);
    return (await this.list()).filter(({ name }) => profiles.includes(name));
  }

  /** Also of one that somebody else has started. Throws ERR_UNKNOWN_NAME. */
  async status(name: string): Promise<ServiceStatus> {
    const service = this.#find(name);
    const seen = (await this.list()).find(status => status.name === name);
    if (seen === undefined) throw new ClusterError('ERR_UNKNOWN_NAME', `There is no service ${name}.`);
    return detected(service, seen);
  }

  /** Looks for every service, whoever has started it. */
  detectAll(): Promise<readonly ServiceStatus[]> {
    return Promise.all(this.#services.map(({ name }) => this.status(name)));
  }

  /**
   * Resolves when it is healthy; one that is already is returned as it is.
   * @throws {ClusterError} ERR_START_FAILED, ERR_START_TIMEOUT, ERR_ADDRESS_IN_USE, ERR_NO_FREE_PORT, ERR_UNKNOWN_NAME
   */
  async start(name: string, { idempotent = true }: StartServiceOptions = {}): Promise<ServiceStatus> {
    return (await this.#surface.startService({ service: name, idempotent })).service;
  }

  /** Resolves when process and port are gone, or says in `remains` what is not. Throws ERR_UNKNOWN_NAME. */
  stop(name: string, options?: StopServiceOptions): Promise<ServiceStopAccount>;
  /** Ends the supervisor: its services in reverse order, in its budget. What is wanted stays as it is. */
  stop(): Promise<StopAccount>;
  async stop(name?: string, { idempotent = true, force = false }: StopServiceOptions = {}): Promise<ServiceStopAccount | StopAccount> {
    if (name !== undefined) return this.#surface.stopService({ service: name, idempotent, force });
    const account = await this.#supervising.stop(force ? AbortSignal.abort() : never());
    await this.#supervising.close();
    return account;
  }

  async restart(name: string): Promise<ServiceStatus> {
    return (await this.#surface.restartService({ service: name })).service;
  }

  /** All of them, in order; a failure is told, and the rest go on. */
  startAll(): Promise<UpAccount> {
    return this.#supervising.supervisor.up(this.#services.map(({ name }) => name));
  }

  /** Those that are ours, side by side; a failure hinders no other. They are not wanted any more. */
  async stopAll(): Promise<readonly ServiceStopAccount[]> {
    const own = this.#services.filter(({ record, isGoing }) => record.isOwned && isGoing);
    const ends = await Promise.allSettled(own.map(({ name }) => this.#supervising.supervisor.stop(name, never())));
    return ends.map((end, index) =>
      end.status === 'fulfilled' ? end.value : { service: own[index]?.name ?? '', tookMs: 0, forced: [], remains: [String(end.reason)] },
    );
  }

  /** Where a proxy sends requests for it, also when it is stopped. Default: the active profile. Throws ERR_UNKNOWN_NAME, ERR_NOT_SUPPORTED without a port. */
  getUpstream(name: string = this.getActive()): string {
    const { port, spec, record } = this.#find(name);
    const known = port ?? (spec.port?.isFixed ? spec.port.from : (record.state.port ?? spec.port?.preferred ?? spec.port?.from));
    if (known === undefined) throw new ClusterError('ERR_NOT_SUPPORTED', `${name} has no port: give it one (port: auto).`);
    return urlOf(spec.host || LOCAL_HOST, known);
  }

  /** Name of the profile that is meant where none is named. */
  getActive(): string {
    const { state, config } = this.#supervising.supervisor;
    return state.active ?? config.active ?? FIRST_PROFILE;
  }

  /** Kept for the next supervisor too. Throws ERR_UNKNOWN_NAME. */
  async setActive(name: string): Promise<void> {
    this.#find(name);
    await this.#supervising.supervisor.state.setActive(name);
  }

  /** Of its .env; null when there is none. Never logged. */
  getApiKey(name: string = this.getActive()): string | null {
    const { apiKey } = this.#find(name).spec;
    return apiKey === undefined ? null : readApiKey(apiKey);
  }

  /** Throws ERR_ALREADY_RUNNING (`channel exists`), ERR_STOPPED (`service stopped`), ERR_UNKNOWN_NAME. */
  attach(name: string): Channel {
    const { over, release } = this.#channels.hold(name);
    const events = this.#surface.events({ follow: true, service: name }, over);
    return { service: name, events, over, release };
  }

  /** Returns how to stop listening. */
  on<T extends EventType>(type: T, listener: (event: EventOf<T>) => void): () => void {
    return this.#supervising.events.on(type, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #surface() {
    return this.#supervising.surface;
  }
  get #services(): readonly Service[] {
    return this.#supervising.supervisor.services;
  }
  #find(name: string): Service {
    return this.#supervising.supervisor.find(name);
  }
}
