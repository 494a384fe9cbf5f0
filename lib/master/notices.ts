// Who is told when something changes: `egg-ready`, `egg-pids`, `agent-start` and the death notices to the parent.

import type { Address } from '../protocol/events.js';
import type { Messenger } from './messenger.js';
import type { WorkerProcess } from './worker-process.js';

export interface NoticesNeeds {
  readonly messenger: Messenger;
  readonly agent: () => WorkerProcess | undefined;
  readonly apps: () => readonly WorkerProcess[];
  /** What `egg-ready` carries to the workers. */
  readonly options: () => Readonly<Record<string, unknown>>;
  readonly debugPort: number | undefined;
}

export class Notices {
  readonly #needs: NoticesNeeds;
  #isUp = false;
  /** The last that the agent was told. */
  #known = '';

  constructor(needs: NoticesNeeds) {
    this.#needs = needs;
  }

  /** All are started: everybody hears it once. */
  clusterStarted({ port, text, protocol }: Address): void {
    const { messenger, debugPort } = this.#needs;
    this.#isUp = true;
    messenger.send('parent', 'egg-ready', { port, debugPort, address: text, protocol });
    messenger.send('app', 'egg-ready', this.#needs.options());
    messenger.send('agent', 'egg-ready', this.#needs.options());
  }

  agentStarted(agent: WorkerProcess): void {
    const { messenger } = this.#needs;
    messenger.send('app', 'egg-pids', [agent.pid]);
    messenger.send('app', 'agent-start');
    messenger.agentIsBack();
    if (!this.#isUp) return; // There are no apps to tell it of.
    this.#known = '';
    this.#tellAgent();
    messenger.sendTo(agent, 'egg-ready', this.#needs.options());
  }

  /** A latecomer hears alone what the others have heard before. */
  appStarted(app: WorkerProcess): void {
    const { messenger } = this.#needs;
    messenger.sendTo(app, 'egg-pids', this.#agentPids());
    this.#tellAgent();
    if (this.#isUp) messenger.sendTo(app, 'egg-ready', this.#needs.options());
  }

  agentLeft(asked: boolean): void {
    this.#needs.messenger.send('app', 'egg-pids', []);
    if (this.#isUp && !asked) this.#needs.messenger.send('parent', 'agent-worker-died');
  }

  appLeft(isAnnounced: boolean): void {
    this.#tellAgent();
    if (this.#isUp && isAnnounced) this.#needs.messenger.send('parent', 'app-worker-died');
  }

  /** A draining worker is not to be sent anything new. */
  appsChanged(): void {
    this.#tellAgent();
  }

  /** Departures are planned from now on. */
  clusterStopping(): void {
    this.#isUp = false;
  }

  debugging(worker: WorkerProcess, debugPort: number): void {
    this.#needs.messenger.forward({ action: 'debug', data: { debugPort, pid: worker.pid, workerId: worker.pid }, to: 'parent', from: worker.role });
  }

  /** When the set has changed, and only then. */
  #tellAgent(): void {
    const pids = this.#appPids();
    if (pids.join() === this.#known) return;
    this.#known = pids.join();
    this.#needs.messenger.send('agent', 'egg-pids', pids);
  }

  #appPids(): number[] {
    return this.#needs
      .apps()
      .filter(({ isServing }) => isServing)
      .map(({ pid }) => pid);
  }

  #agentPids(): number[] {
    const agent = this.#needs.agent();
    return agent?.isServing ? [agent.pid] : [];
  }
}
