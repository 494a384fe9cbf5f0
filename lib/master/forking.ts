// How the children of one cluster are forked: agent and apps, at once or ahead of time. Owns the forkers.

import type { Emit, Role } from '../protocol/events.js';
import type { Place } from '../supervision/group.js';
import type { ClusterForker, ClusterForkPlan } from '../system/cluster-forker.js';
import { CLUSTER_FORKER_FILE } from '../system/entries.js';
import { ownPid, variable } from '../system/environment.js';
import type { ForkedChild } from '../system/forker.js';
import { ProcessForker } from '../system/process-forker.js';
import { requirePackage as requireFile } from '../system/require-package.js';
import { agentCommand, appCommand, type CommandFacts, spareEnvironment } from './commands.js';
import type { Settings } from './settings.js';

/** egg's default port for debugging the agent. */
const AGENT_INSPECTOR_PORT = 5_800;

export interface ForkingNeeds {
  readonly settings: Settings;
  /** As the children get them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Begins the mark of every child and its descendants. */
  readonly instance: string;
  readonly emit: Emit;
}

export class Forking {
  readonly #needs: ForkingNeeds;
  readonly #facts: CommandFacts;
  readonly #agents: ProcessForker | undefined;
  #apps: ClusterForker | undefined;

  constructor(needs: ForkingNeeds) {
    this.#needs = needs;
    const agentInspectorPort = Number(variable('EGG_AGENT_DEBUG_PORT') ?? AGENT_INSPECTOR_PORT);
    this.#facts = { settings: needs.settings, options: needs.options, masterPid: ownPid(), agentInspectorPort };
    const command = agentCommand(this.#facts);
    this.#agents = command && new ProcessForker(command);
  }

  get hasAgent(): boolean {
    return this.#agents !== undefined;
  }

  /** Loads cfork and, where there is an agent to wait for, forks the first generation's processes: they boot while the agent does. */
  prepareApps(): void {
    const { ClusterForker: Forker } = requireFile<typeof import('../system/cluster-forker.js')>(CLUSTER_FORKER_FILE);
    const forker = new Forker(appCommand(this.#facts), (level, text) => this.#needs.emit({ type: 'forker-said', level, text }));
    this.#apps = forker;
    const environment = this.hasAgent ? spareEnvironment(this.#facts) : undefined;
    if (environment === undefined) return;
    const { count } = this.#needs.settings.workers;
    for (let slot = 0; slot < count; slot++) forker.forkSpare(this.#planOf('app', { id: slot + 1, slot, generation: 1 }, { count, environment }));
  }

  dropSpares(): void {
    this.#apps?.killSpares();
  }

  fork(role: Role, place: Place, { count, replacesPid }: { readonly count: number; readonly replacesPid: number | undefined }): ForkedChild {
    const plan = { ...this.#planOf(role, place, { count, environment: {} }), replacesPid };
    const forked = role === 'agent' ? this.#agents?.fork(plan) : this.#apps?.fork(plan);
    if (forked === undefined) throw new Error(`No forker for the ${role} worker: prepareApps() comes first.`);
    return forked;
  }

  #planOf(role: Role, { id, slot }: Place, { count, environment }: { count: number; environment: Readonly<Record<string, string>> }): ClusterForkPlan {
    const index = role === 'app' ? { APP_CLUSTER_WORKER_INDEX: String(slot) } : {};
    return { env: { ...environment, ...index }, mark: `${this.#needs.instance}.${role}${id}`, slot, count };
  }
}
