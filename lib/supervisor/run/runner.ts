// One program, kept alive: a group of one. Its facts are those of a cluster with one worker, so that everything that looks at instances
// understands them.

import { ClusterError, EXIT_DO_NOT_RESTART, messageOf } from '../../errors.js';
import type { EventBus } from '../../instance/event-bus.js';
import type { Recording } from '../../instance/recording.js';
import type { PublicStatus } from '../../lifecycle/public-status.js';
import { APP_RESTART } from '../../lifecycle/restart-policy.js';
import type { Child } from '../../supervision/child.js';
import { StartFailure, Stopped } from '../../supervision/failures.js';
import { Group } from '../../supervision/group.js';
import type { GroupEvent, GroupStopReport, Place } from '../../supervision/group-needs.js';
import type { Clock } from '../../system/clock.js';
import { memoryFacts } from '../../system/memory.js';
import { OomKills } from '../../system/oom-kills.js';
import { sweep } from '../../system/process-tree.js';
import { startProgram } from '../../system/program-forker.js';
import { ProgramProcess } from './program-process.js';
import type { RunSettings } from './run-settings.js';

const KILL_MS = 2_000;
const LEFTOVERS_MS = 2_000;

export interface RunnerNeeds {
  readonly settings: RunSettings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventBus;
  readonly mark: string;
  readonly recording: Recording | undefined;
  /** It is not tried any more. */
  readonly onGivenUp: (lastExit: Child['exit']) => void;
}

export class Runner {
  readonly #needs: RunnerNeeds;
  readonly #group: Group;
  readonly #oomKills = new OomKills();
  #current: ProgramProcess | undefined;
  #lastExit: Child['exit'];
  #phase: PublicStatus = 'starting';
  #stopped: Promise<GroupStopReport> | undefined;

  constructor(needs: RunnerNeeds) {
    const { settings, clock, random } = needs;
    this.#needs = needs;
    const spec = {
      name: settings.name,
      restart: { ...APP_RESTART, mostUnstable: settings.mostRestarts },
      patienceMs: { stop: settings.stopMs, kill: KILL_MS },
      refork: true,
      drains: false,
      exitsForGood: [EXIT_DO_NOT_RESTART],
      reloadAttempts: settings.mostRestarts + 1,
      probationMs: 0,
    };
    this.#group = new Group(spec, { clock, random, fork: place => this.#fork(place), emit: event => this.#tell(event) });
  }

  get status(): PublicStatus {
    if (this.#phase !== 'running') return this.#phase;
    return this.#group.children.some(({ status }) => status === 'ready') ? 'running' : 'degraded';
  }
  get children(): readonly Child[] {
    return this.#group.children;
  }
  get current(): ProgramProcess | undefined {
    return this.#current;
  }
  get generation(): number {
    return this.#group.goal.generation;
  }

  /** Resolves when it runs. Rejects when it cannot even be spawned. */
  async start(): Promise<void> {
    this.#oomKills.look();
    try {
      await this.#group.resize(1);
    } catch (error) {
      const why = error instanceof StartFailure ? error.child.exit?.error : error instanceof Stopped ? 'it was stopped' : messageOf(error);
      throw new ClusterError('ERR_START_FAILED', `${this.#needs.settings.program} could not be started: ${why ?? 'it ended at once'}.`, { cause: error });
    }
    this.#phase = 'running';
  }

  async restart(): Promise<void> {
    this.#refuseUnlessRunning();
    try {
      await this.#group.empty();
      if (this.#phase !== 'running') throw new Stopped(this.#needs.settings.name);
      await this.#group.refill();
    } catch (error) {
      if (error instanceof Stopped) throw new ClusterError('ERR_STOPPED', 'It was stopped before it was started again.', { cause: error });
      throw new ClusterError('ERR_RELOAD_FAILED', 'It does not stay up: it is tried on until it has died too often in a row.', { cause: error });
    }
  }

  stop(force: AbortSignal, signal?: string): Promise<GroupStopReport> {
    this.#stopped ??= this.#stop(force, signal);
    return this.#stopped;
  }

  async #stop(force: AbortSignal, signal: string | undefined): Promise<GroupStopReport> {
    const { clock, events, settings, mark } = this.#needs;
    const startedAt = clock.now();
    this.#phase = 'stopping';
    events.emit({ type: 'cluster-stopping', signal, budgetMs: settings.stopMs + KILL_MS, memory: memoryFacts() });
    const ended = await this.#group.stop(force);
    const { killed, left } = await sweep({ mark, known: this.#current?.family ?? [], graceMs: force.aborted ? 0 : LEFTOVERS_MS, clock, force });
    const report = { forced: [...ended.forced, ...killed.map(({ pid }) => pid)], survived: [...ended.survived, ...left.map(({ pid }) => pid)] };
    const names = Object.fromEntries(killed.map(({ pid, name }) => [pid, name]));
    this.#phase = 'stopped';
    events.emit({ type: 'cluster-stopped', ...report, names, tookMs: Math.round(clock.now() - startedAt) });
    return report;
  }

  #fork(place: Place): ProgramProcess {
    const { settings, mark, recording, clock } = this.#needs;
    const { file, args, cwd, logs, runAs } = settings;
    const environment = runAs === undefined ? {} : { HOME: runAs.home, USER: runAs.name, LOGNAME: runAs.name };
    const spec = { file, args, cwd, isRecorded: logs !== undefined, environment, runAs: runAs && { uid: runAs.uid, gid: runAs.gid } };
    const running = startProgram(spec, `${mark}.app${place.id}`);
    recording?.record(`app#${place.id}:${running.pid}`, running.output);
    this.#current = new ProgramProcess(place, running, clock.now());
    return this.#current;
  }

  #tell(event: GroupEvent): void {
    const { events, onGivenUp } = this.#needs;
    if (event.type === 'settled') return;
    if (event.type === 'backing-off' || event.type === 'slot-left-empty' || event.type === 'slot-gave-up') events.emit({ ...event, role: 'app' });
    if (event.type === 'slot-gave-up') return onGivenUp(this.#lastExit);
    if (!('child' in event)) return;
    const { id, slot, generation, exit = { code: null, signal: null }, failed, wasKilled, failedBy } = event.child;
    const { pid } = event.child.process;
    const facts = { role: 'app' as const, id, slot, generation, pid };
    if (event.type === 'child-forked')
      events.emit({ type: 'child-forked', ...facts, clusterPort: undefined, debugPort: undefined, pids: [String(id)], isThread: false });
    if (event.type === 'child-moved') events.emit({ type: 'child-moved', ...facts, from: event.from, to: event.to, cause: event.cause });
    if (event.type !== 'child-left') return;
    this.#lastExit = exit;
    const livedMs = Math.round(this.#needs.clock.now() - (event.child.process as ProgramProcess).forkedAtMs);
    const kill = exit.signal === 'SIGKILL' && !wasKilled ? this.#oomKills.explain() : {};
    const left = { state: 'dead', isBoot: false, byDebugger: false, pids: [], wasAsked: !failed };
    events.emit({ type: 'child-left', ...facts, ...left, ...kill, exit, failed, failedBy, wasKilled, wasReady: true, livedMs });
  }

  #refuseUnlessRunning(): void {
    if (this.#group.isHeld) throw new ClusterError('ERR_RELOAD_FAILED', 'A restart is under way. Wait until it is done.');
    if (this.#phase !== 'running') throw new ClusterError('ERR_STOPPED', `restart: it is ${this.#phase}. Wait until it runs.`);
  }
}
