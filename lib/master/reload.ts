// Rolling reloads and restarts: what is to be run is read anew, and what there is to tell about it. Of many that are asked for one is
// under way, and one more waits.

import { ClusterError } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import { ReloadFailure } from '../supervision/failures.js';
import { afterUnref, type Clock } from '../system/clock.js';
import type { Settings } from './settings.js';
import type { FailureReason } from './start-error.js';
import type { Workforce } from './workforce.js';

/** `apps`: asked for by the agent itself, or by egg's tools, which know of no other. */
export type ReloadScope = 'apps' | 'all';

export interface Reread {
  readonly settings: Settings;
  /** How many workers there should be now, if that was changed. */
  readonly workers: number | undefined;
}

export interface ReloadNeeds {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly reasonOf: (error: unknown) => Promise<FailureReason>;
  /** Configuration, environment files, the entry: as they are now. Rejects with everything that is wrong. */
  readonly reread?: (() => Promise<Reread>) | undefined;
}

/** A program may open its second port some time after its first. */
const RELEASE_AFTER_MS = 5_000;
const NONE_LEFT = 'The new workers were ready, and have all died since: see `app-cluster why`. They are started again and again.';

export class Reloads {
  readonly #needs: ReloadNeeds;
  readonly #workforce: Workforce;
  #running: Promise<void> | undefined;
  #waiting: { scope: ReloadScope; readonly done: Promise<void> } | undefined;

  constructor(workforce: Workforce, needs: ReloadNeeds) {
    this.#workforce = workforce;
    this.#needs = needs;
  }

  /** Joins the one that waits, if there is one. Rejects with ERR_RELOAD_FAILED, or with what is wrong in the configuration. */
  ask(scope: ReloadScope): Promise<void> {
    if (this.#running === undefined) return this.#begin(scope);
    if (this.#waiting !== undefined) {
      if (scope === 'all') this.#waiting.scope = scope;
      return this.#waiting.done;
    }
    const next = () => {
      const { scope: wanted } = this.#waiting ?? { scope };
      this.#waiting = undefined;
      return this.#begin(wanted);
    };
    this.#waiting = { scope, done: this.#running.then(next, next) };
    return this.#waiting.done;
  }

  #begin(scope: ReloadScope): Promise<void> {
    const running = this.#told(() => this.#reload(scope), 'cluster-reloading', 'cluster-reloaded').finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #reload(scope: ReloadScope): Promise<void> {
    const { apps, listeners } = this.#workforce;
    const { settings, workers } = (await this.#needs.reread?.()) ?? { settings: this.#workforce.settings, workers: undefined };
    refuseTwice(this.#workforce);
    const before = this.#workforce.settings;
    this.#workforce.plan('app', settings);
    this.#workforce.follow(settings);
    await apps.group.reload(settings.upkeep.surge).catch(error => {
      this.#workforce.follow(before);
      throw error;
    });
    if (workers !== undefined && workers !== apps.group.goal.size) {
      await apps.group.resize(workers);
      this.#needs.emit({ type: 'cluster-resized', workers });
    }
    if (scope === 'all') await this.#reloadAgent(settings);
    afterUnref(RELEASE_AFTER_MS, () => listeners.releaseUnused());
    if (apps.group.goal.size > 0 && apps.workers.every(({ isServing }) => !isServing)) throw new ClusterError('ERR_RELOAD_FAILED', NONE_LEFT);
  }

  /** There are never two: the old one leaves first. If the new one does not come up, the old version's is started again. */
  async #reloadAgent(settings: Settings): Promise<void> {
    const { agents } = this.#workforce;
    if (agents === undefined) return;
    const old = this.#workforce.versions.of('agent', agents.group.goal.generation).settings;
    try {
      await this.#replaceAgent(settings);
    } catch (error) {
      void this.#replaceAgent(old).catch(() => {}); // It goes on trying.
      throw error instanceof ReloadFailure ? new ReloadFailure('agent', error.child, error.attempts, false) : error;
    }
  }

  async #replaceAgent(settings: Settings): Promise<void> {
    this.#workforce.plan('agent', settings);
    const { group } = this.#workforce.agents ?? {};
    await group?.empty();
    await group?.refill();
  }

  /**
   * Connections wait in the sockets' queues meanwhile: a draining worker's end releases none. Whatever becomes of the agent, the apps are
   * started again.
   */
  restart(): Promise<void> {
    return this.#told(() => this.#restart(), 'cluster-restarting', 'cluster-restarted');
  }

  async #restart(): Promise<void> {
    const { apps, agents } = this.#workforce;
    refuseTwice(this.#workforce);
    await apps.group.empty();
    await agents?.group.empty();
    const agentBack = agents?.group.refill() ?? Promise.resolve();
    const agentFailed = await agentBack.then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    await apps.group.refill();
    if (agentFailed !== undefined) throw agentFailed.error;
  }

  async #told(action: () => Promise<void>, begun: 'cluster-reloading' | 'cluster-restarting', done: 'cluster-reloaded' | 'cluster-restarted'): Promise<void> {
    const { clock, emit, reasonOf } = this.#needs;
    const startedAt = clock.now();
    const ledger = this.#workforce.losses.open();
    emit({ type: begun });
    try {
      await action();
    } catch (error) {
      const { reason } = await reasonOf(error);
      emit({ type: 'reload-failed', message: reason.message });
      throw reason;
    }
    const tookMs = Math.round(clock.now() - startedAt);
    emit({ type: done, tookMs, losses: await ledger.close() });
  }
}

function refuseTwice({ apps: { group } }: Workforce): void {
  if (group.isHeld) throw new ClusterError('ERR_RELOAD_FAILED', 'A restart is under way. Wait until it is done.');
}

/** Resolves when those that are too many have left, and been heard to their last word. */
export async function resizeApps({ apps, losses }: Workforce, workers: number, { emit, reasonOf }: ReloadNeeds): Promise<void> {
  await apps.group.resize(workers).catch(async error => {
    throw (await reasonOf(error)).reason;
  });
  await losses.caughtUp();
  emit({ type: 'cluster-resized', workers });
}
