// The crews of one cluster and what connects them: who is forked how, what their messages and listens mean.

import type { Recording } from '../instance/recording.js';
import type { Address, Emit, Role } from '../protocol/events.js';
import type { ControlAction } from '../protocol/messages.js';
import type { Child } from '../supervision/child.js';
import { StartFailure } from '../supervision/failures.js';
import type { Place } from '../supervision/group-needs.js';
import type { Clock } from '../system/clock.js';
import { ownPid } from '../system/environment.js';
import type { SocketStore } from '../system/held-sockets.js';
import { OomKills } from '../system/oom-kills.js';
import type { ParentLine } from '../system/parent-line.js';
import { Crew } from './crew.js';
import { Dispatcher } from './dispatcher.js';
import { Families } from './families.js';
import { groupSpec, isKilledByDebugger } from './group-spec.js';
import { HandOver } from './hand-over.js';
import { type HealthFacts, healthOf } from './health.js';
import { Listeners } from './listeners.js';
import { Losses } from './losses.js';
import { Messenger } from './messenger.js';
import { Notices } from './notices.js';
import { Reception } from './reception.js';
import type { Settings } from './settings.js';
import type { Spares } from './spares.js';
import { sparesOf } from './spares-of.js';
import type { FailedChild } from './start-error.js';
import { Versions } from './versions.js';
import { type WorkerHooksNeeds, workerHooks } from './worker-hooks.js';
import { WorkerProcess } from './worker-process.js';

export interface WorkforceNeeds {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
  readonly parent: ParentLine;
  /** Begins the mark of every child and its descendants. */
  readonly instance: string;
  readonly clusterPort: number | undefined;
  readonly recording?: Recording | undefined;
  readonly sockets?: SocketStore | undefined;
  readonly onReloadAsked: () => void;
  readonly onKilledByDebugger: () => void;
}

export class Workforce {
  readonly apps: Crew;
  readonly agents: Crew | undefined;
  readonly messenger: Messenger;
  readonly notices: Notices;
  readonly listeners: Listeners;
  readonly oomKills = new OomKills();
  readonly handOver: HandOver;
  readonly losses: Losses;
  readonly #needs: WorkforceNeeds;
  #settings: Settings;
  readonly versions: Versions;
  readonly #dispatcher: Dispatcher | undefined;
  readonly spares: Spares;
  /** Whether the last failure of each role came before it was ready. */
  readonly #failedAtBoot: Record<Role, boolean> = { agent: false, app: false };
  /** Descendants of workers that are gone. */
  readonly families = new Families();
  #isUp = false;
  readonly #diedInSlot = new Map<number, number>();
  readonly reception = new Reception(() => this.#settings);
  lastFailure: FailedChild | undefined;
  /** Rejects when the agent is lost: a start without it has failed, whatever the apps do. */
  readonly agentLost: Promise<never>;
  #loseAgent: (reason: Error) => void = () => {};

  constructor(needs: WorkforceNeeds) {
    const { settings, clusterPort } = needs;
    this.#needs = needs;
    this.agentLost = new Promise((_, reject) => {
      this.#loseAgent = reject;
    });
    this.agentLost.catch(() => {}); // Only a start looks.
    this.#settings = settings;
    this.versions = new Versions({ instance: needs.instance, emit: needs.emit, clusterPort }, settings);
    this.#dispatcher = settings.sticky ? new Dispatcher() : undefined;
    this.listeners = new Listeners(needs, this.#dispatcher);
    const agent = () => this.agents?.workers.at(-1);
    const apps = () => this.apps.workers;
    const isAgentComing = () => (this.agents?.group.goal.size ?? 0) > 0;
    this.handOver = new HandOver({ clock: needs.clock, isSticky: settings.sticky, crew: () => this.apps });
    this.losses = new Losses({ clock: needs.clock, handOver: this.handOver, dispatcher: this.#dispatcher });
    const onControl = (action: ControlAction, data: unknown, sender: WorkerProcess | undefined) => this.#onControl(action, data, sender);
    const peers = () => [...apps(), ...this.spares.peers];
    this.messenger = new Messenger({ ownPid: ownPid(), parent: needs.parent, agent, isAgentComing, apps: peers, emit: needs.emit, onControl });
    this.spares = sparesOf(this, needs);
    this.notices = new Notices({ messenger: this.messenger, agent, apps, options: () => this.versions.first.options, debugPort: settings.debugPort });
    this.agents = this.versions.first.forking.hasAgent ? this.#crew('agent') : undefined;
    this.apps = this.#crew('app');
  }

  get children(): readonly WorkerProcess[] {
    return [...(this.agents?.workers ?? []), ...this.apps.workers];
  }

  /** Where the first app worker that counted was reached. */
  get address(): Address | undefined {
    return this.reception.address;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** The next generation of them is forked so. */
  plan(role: Role, settings: Settings): void {
    const { group } = (role === 'agent' ? this.agents : this.apps) ?? this.apps;
    this.versions.plan(role, group.nextGeneration, settings);
  }

  /** What is said of them is understood so from now on. */
  follow(settings: Settings): void {
    this.#settings = settings;
  }

  /** While the agent boots, cfork is loaded and the app workers' processes are started; their user code waits for the agent. */
  prepareApps(): void {
    this.versions.first.forking.prepareApps({ isAhead: true });
    this.oomKills.look();
  }

  /** None of them has run a line of user code. */
  dropEarly(): void {
    this.versions.first.forking.dropEarly();
  }

  health(): HealthFacts {
    const { apps, agents } = this;
    return healthOf({ apps: apps.group, agents: agents?.group, failedAtBoot: this.#failedAtBoot });
  }

  #crew(role: Role): Crew {
    const { clock, random, emit, clusterPort } = this.#needs;
    return new Crew(role, groupSpec(role, this.#needs.settings), {
      clock,
      random,
      emit,
      clusterPort: () => clusterPort,
      hangFolder: this.#needs.settings.hangFolder,
      fork: place => this.#fork(role, place),
      hasSpare: () => role === 'app' && this.spares.booted > 0,
      isKilledByDebugger: child => isKilledByDebugger(child, this.#settings),
      explainKill: () => this.oomKills.explain(),
      onReady: worker => this.#onReady(worker),
      onProven: worker => this.listeners.onProven(worker),
      onLeaving: worker => this.#onLeaving(worker),
      onLeft: (worker, child) => this.#onLeft(worker, child),
    });
  }

  #fork(role: Role, place: Place): WorkerProcess {
    const { settings, options, forking } = this.versions.of(role, place.generation);
    const spare = role === 'app' ? this.spares.take(place) : undefined;
    const forked = spare ?? forking.fork(role, place, { count: this.apps.group.goal.size, replacesPid: this.#diedInSlot.get(place.slot) });
    this.#diedInSlot.delete(place.slot);
    const port = role === 'app' ? settings.ports[place.slot] : undefined; // Of a thread that has one of its own.
    const worker = new WorkerProcess(role, place, forked, workerHooks(this.#hooksNeeds(), port === undefined ? options : { ...options, port }));
    if (role === 'app') this.reception.expect(worker, settings.upkeep.readyPath);
    this.losses.watch(worker);
    this.#needs.recording?.[spare ? 'rename' : 'record'](`${role}#${place.id}:${forked.pid}`, forked.output);
    if (settings.isDebug && forked.inspectorPort !== undefined) this.notices.debugging(worker, forked.inspectorPort);
    return worker;
  }

  /** The first start is over. */
  onUp(address: Address): void {
    this.#isUp = true;
    for (const child of this.children) child.beWatched();
    this.notices.clusterStarted(address);
  }

  #hooksNeeds(): WorkerHooksNeeds {
    const { emit, clock, settings } = this.#needs;
    const { handOver, listeners, messenger } = this;
    const parts = { reception: this.reception, dispatcher: this.#dispatcher, apps: () => this.apps.workers, isUp: () => this.#isUp };
    return { emit, clock, lingerMs: settings.timeouts.lingerMs, handOver, listeners, messenger, ...parts };
  }

  #onControl(action: ControlAction, data: unknown, sender: WorkerProcess | undefined): void {
    if (action === 'agent-start') sender?.reportReady();
    if (action === 'realport' && sender) this.reception.onRealPort(sender, data);
    if (action === 'reload-worker') this.#needs.onReloadAsked();
  }

  #onReady(worker: WorkerProcess): void {
    if (worker.role === 'agent') return this.notices.agentStarted(worker);
    this.notices.appStarted(worker);
    this.#dispatcher?.onReadinessChange();
    this.handOver.retry();
  }

  #onLeaving(worker: WorkerProcess): void {
    if (worker.role === 'app') this.notices.appsChanged();
    if (worker.isHung) this.#dispatcher?.takeQueue(worker);
  }

  #onLeft(worker: WorkerProcess, child: Child): void {
    const { settings, clock, onKilledByDebugger } = this.#needs;
    if (child.failed) this.lastFailure = { child, worker };
    if (child.failed) this.#failedAtBoot[worker.role] = child.readyAt === undefined;
    if (worker.role === 'agent' && child.failed) this.#loseAgent(new StartFailure('agent', child));
    if (worker.role === 'agent') this.notices.agentLeft(!child.failed);
    else this.notices.appLeft(child.failed || !settings.isProduction);
    if (child.failed && worker.role === 'app') this.#diedInSlot.set(child.slot, worker.pid);
    if (isKilledByDebugger(child, settings)) onKilledByDebugger();
    this.families.onLeft(worker, clock);
  }
}
