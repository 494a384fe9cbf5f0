// Many services under one roof: started in the order of their dependencies, stopped in reverse, changed as the file is.

import { setMaxListeners } from 'node:events';
import { ClusterError, messageOf } from '../errors.js';
import type { EventBus } from '../instance/event-bus.js';
import type { Instance } from '../instance/instance.js';
import { configChanges } from '../lifecycle/config-changes.js';
import type { SupervisorConfig } from '../protocol/service-spec.js';
import type { ServiceStopAccount, UpAccount } from '../protocol/service-status.js';
import type { Clock } from '../system/clock.js';
import { adoptable, onlyOnce } from './adoption.js';
import { inOrder } from './ordered.js';
import { Registrations } from './registrations.js';
import { type Roster, rosterOf } from './roster.js';
import type { Service } from './service.js';
import { Starts } from './starts.js';
import { StateBook } from './state-book.js';
import { stepsOf } from './stop-steps.js';
import { strayOf } from './stray.js';
import { stopStray } from './stray-stop.js';
import { Turns } from './turns.js';

export interface SupervisorNeeds {
  readonly config: SupervisorConfig;
  readonly instance: Pick<Instance, 'name' | 'mark' | 'recording'>;
  readonly events: EventBus;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Nobody is in a hurry. */
const never = () => new AbortController().signal;

export class Supervisor {
  readonly #needs: SupervisorNeeds;
  readonly roster: Roster;
  readonly #starts: Starts;
  /** Two changes of the configuration at once would do everything twice. */
  readonly #changes = new Turns(1);
  readonly registrations: Registrations;
  #config: SupervisorConfig;
  isStopping = false;
  /** The first up is not over. */
  isStarting = true;
  readonly state: StateBook;

  constructor(needs: SupervisorNeeds) {
    const { config, instance, events, clock, random } = needs;
    const emit = events.emit.bind(events);
    this.#needs = needs;
    this.#config = config;
    this.state = new StateBook(instance.name, emit);
    this.registrations = new Registrations({ clock, random, emit });
    this.roster = rosterOf({ instance, clock, random, emit, state: this.state });
    this.#fill(config);
    this.#starts = new Starts(this.roster);
    events.on('service-started', ({ service }) => this.#starts.onStarted(service));
    this.registrations.follow(events, name => this.roster.get(name));
  }

  get config(): SupervisorConfig {
    return this.#config;
  }
  get services(): readonly Service[] {
    return this.roster.all;
  }
  isWaiting(name: string): boolean {
    return this.#starts.isWaiting(name);
  }

  /** Throws ERR_UNKNOWN_NAME with what there is; ERR_INVALID_CONFIG. */
  find(name: string): Service {
    return this.roster.find(name);
  }

  /** Takes over what a killed predecessor has left running. */
  async open(): Promise<void> {
    this.state.open();
    for (const { service, life } of onlyOnce(adoptable(this.#needs.instance.name))) {
      const found = this.roster.get(service);
      if (found === undefined) this.roster.add(strayOf(service, life.pid, this.#config.folder));
      const adopted = this.find(service);
      adopted.adopt(life, true).catch(() => {}); // It is told; what is wanted of it comes next.
      if (found === undefined || adopted.desired === 'down') await adopted.stop(never(), false);
      if (found === undefined) this.roster.remove(service);
    }
  }

  /** Starts what is wanted up; the named ones are from now on. Resolves when each is ready or has failed. */
  async up(names: readonly string[] = []): Promise<UpAccount> {
    const { clock } = this.#needs;
    const startedAt = clock.now();
    for (const name of names) this.find(name);
    const wanted = this.services.filter(({ desired }) => desired === 'up').map(({ name }) => name);
    const meant = this.roster.inOrderWithNeeds(names.length > 0 ? names : wanted);
    const failed: { service: string; reason: string }[] = [];
    await this.#starts.all(meant, (service, error) => failed.push({ service, reason: messageOf(error) }));
    this.isStarting = false;
    const running = meant.filter(name => this.roster.get(name)?.isReady);
    return { tookMs: Math.round(clock.now() - startedAt), running, failed, changes: [] };
  }

  /** The difference to another configuration, and nothing else, is done. */
  apply(given: SupervisorConfig, names: readonly string[]): Promise<UpAccount> {
    return this.#changes.run(() => this.#apply(given, names));
  }

  async #apply(given: SupervisorConfig, names: readonly string[]): Promise<UpAccount> {
    const config = { ...given, services: this.roster.asRunning(given.services) };
    const changes = configChanges(this.#config.services, config.services);
    const ofKind = (kind: string) => changes.filter(change => change.kind === kind).map(({ name }) => name);
    const gone = [...ofKind('removed'), ...ofKind('changed')];
    const isUp = new Set(gone.filter(name => this.roster.get(name)?.isGoing));
    await this.#stopAll(gone, never());
    for (const name of gone) this.roster.remove(name);
    this.#fill(config);
    const [added, changed, removed] = [ofKind('added'), ofKind('changed'), ofKind('removed')];
    if (added.length + changed.length + removed.length > 0) this.#needs.events.emit({ type: 'config-applied', added, changed, removed });
    const report = await this.up(names.length > 0 ? [...new Set([...names, ...changed.filter(name => isUp.has(name))])] : []);
    const told = changes.flatMap(({ name, kind, keys }) => (kind === 'unchanged' ? [] : [{ service: name, kind, keys }]));
    return { ...report, changes: told };
  }

  /** New ones, and nothing else. */
  know(config: SupervisorConfig): void {
    const known = new Set(this.#config.services.map(({ name }) => name));
    const added = config.services.filter(({ name }) => !known.has(name));
    this.#fill({ ...this.#config, services: [...this.#config.services, ...added], invalid: config.invalid });
  }

  /** With what it depends on. Throws what kept it from starting. */
  async start(name: string): Promise<void> {
    this.find(name);
    this.#refuseWhenStopping();
    let failure: unknown;
    await this.#starts.all(this.roster.inOrderWithNeeds([name]), (service, error) => {
      if (service === name) failure = error;
    });
    if (failure !== undefined) throw failure;
  }

  async stop(name: string, force: AbortSignal): Promise<ServiceStopAccount> {
    const service = this.find(name);
    const refuseIfOvertaken = service.wishes.ask('stop');
    this.#starts.forget(name);
    await this.registrations.leave(name);
    refuseIfOvertaken();
    const stray = await stopStray(service, `${this.#needs.instance.name}/${name}`, this.state.optionsFileOf(name));
    refuseIfOvertaken();
    const report = await service.stop(force, true);
    return stray ?? report;
  }

  async restart(name: string, force: AbortSignal): Promise<void> {
    this.#refuseWhenStopping();
    const refuseIfOvertaken = this.find(name).wishes.ask('restart');
    await this.registrations.leave(name);
    refuseIfOvertaken();
    await this.find(name).restart(force);
  }

  /** Everything that is ours ends, in reverse; what is wanted stays as it is. */
  async down(force: AbortSignal): Promise<readonly ServiceStopAccount[]> {
    this.isStopping = true;
    this.#starts.end();
    const { clock, events } = this.#needs;
    const step = stepsOf(clock, event => events.emit(event));
    await step('heartbeats', () => this.registrations.leaveAll());
    const own = this.services.filter(({ record, isGoing, child, wishes }) => record.isOwned && (isGoing || child !== undefined || wishes.isPending));
    const reports = await step('services', async () => {
      const ended = await this.#stopAll(
        own.map(({ name }) => name),
        force,
      );
      await Promise.all(this.services.filter(({ record }) => !record.isOwned).map(service => service.letGo()));
      return ended;
    });
    await step('states', () => this.state.settled());
    return reports;
  }

  #fill(config: SupervisorConfig): void {
    this.#config = config;
    this.roster.invalid = config.invalid;
    for (const spec of config.services) this.roster.add(spec);
  }

  async #stopAll(names: readonly string[], force: AbortSignal): Promise<readonly ServiceStopAccount[]> {
    const reports: ServiceStopAccount[] = [];
    setMaxListeners(0, force); // One for each of them.
    const stop = async (name: string): Promise<void> => {
      try {
        reports.push(await this.find(name).stop(force, false));
      } catch (error) {
        reports.push({ service: name, tookMs: 0, forced: [], remains: [`its stop failed: ${messageOf(error)}`] });
      }
    };
    await inOrder({ names, before: (name, done) => this.roster.dependentsOf(name).map(done), act: stop, atOnce: names.length });
    return reports;
  }

  #refuseWhenStopping(): void {
    if (this.isStopping) throw new ClusterError('ERR_STOPPED', 'The supervisor is stopping: start it again (app-cluster up).');
  }
}
