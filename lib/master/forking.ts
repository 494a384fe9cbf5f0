// How the children of one cluster are forked: agent and apps, at once or ahead of time. Owns the forkers.

import type { Emit, Role } from '../protocol/events.js';
import type { Place } from '../supervision/group-needs.js';
import type { ClusterForker, ClusterForkPlan } from '../system/cluster-forker.js';
import { CLUSTER_FORKER_FILE, THREAD_FORKER_FILE } from '../system/entries.js';
import { ownPid, variable } from '../system/environment.js';
import type { ForkedChild, Forker, ProgramCommand } from '../system/forker.js';
import { ProcessForker } from '../system/process-forker.js';
import { requirePackage as requireFile } from '../system/require-package.js';
import { agentCommand, appCommand, type CommandFacts, earlyEnvironment, spareEnvironment } from './commands.js';
import type { Settings } from './settings.js';
import { optionsArgument } from './visible-options.js';

/** egg's default port for debugging the agent. */
const AGENT_INSPECTOR_PORT = 5_800;

/** A process without a slot. */
export interface SpareFork {
  readonly n: number;
  /** Nobody's but its own, until it is told another. */
  readonly index: number;
  readonly generation: number;
  /** How many app workers there are. */
  readonly count: number;
}

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
  readonly #agents: Forker | undefined;
  #apps: Forker | undefined;
  #early: ClusterForker | undefined;

  constructor(needs: ForkingNeeds) {
    this.#needs = needs;
    const agentInspectorPort = Number(variable('EGG_AGENT_DEBUG_PORT') ?? AGENT_INSPECTOR_PORT);
    this.#facts = { settings: needs.settings, options: needs.options, masterPid: ownPid(), agentInspectorPort };
    const command = agentCommand(this.#facts);
    this.#agents = command && (needs.settings.isThreaded ? threadForker(command) : new ProcessForker(command));
  }

  get hasAgent(): boolean {
    return this.#agents !== undefined;
  }

  /** @param isAhead where there is an agent to wait for, forks the first generation's processes: they boot while the agent does. */
  prepareApps({ isAhead }: { readonly isAhead: boolean }): void {
    if (this.#needs.settings.isThreaded) {
      this.#apps = threadForker(appCommand(this.#facts));
      return;
    }
    const { ClusterForker } = requireFile<typeof import('../system/cluster-forker.js')>(CLUSTER_FORKER_FILE);
    const forker = new ClusterForker(appCommand(this.#facts), (level, text) => this.#needs.emit({ type: 'forker-said', level, text }));
    this.#apps = forker;
    this.#early = forker;
    const environment = isAhead && this.hasAgent ? earlyEnvironment(this.#facts) : undefined;
    if (environment === undefined) return;
    const { count } = this.#needs.settings.workers;
    for (let slot = 0; slot < count; slot++) forker.forkEarly(this.#planOf('app', { id: slot + 1, slot, generation: 1 }, { count, environment }));
  }

  dropEarly(): void {
    this.#early?.killEarly();
  }

  fork(role: Role, place: Place, { count, replacesPid }: { readonly count: number; readonly replacesPid: number | undefined }): ForkedChild {
    const plan = { ...this.#planOf(role, place, { count, environment: {} }), replacesPid };
    const forked = role === 'agent' ? this.#agents?.fork(plan) : this.#apps?.fork(plan);
    if (forked === undefined) throw new Error(`No forker for the ${role} worker: prepareApps() comes first.`);
    return forked;
  }

  forkSpare({ n, index, count }: SpareFork): ForkedChild {
    const env = { ...spareEnvironment(this.#facts), APP_CLUSTER_WORKER_INDEX: String(index) };
    const plan: ClusterForkPlan = { env, mark: `${this.#needs.instance}.spare${n}`, slot: index, count };
    if (this.#apps === undefined) throw new Error('No forker for spares: prepareApps() comes first.');
    return this.#apps.fork(plan);
  }

  #planOf(role: Role, { id, slot }: Place, { count, environment }: { count: number; environment: Readonly<Record<string, string>> }): ClusterForkPlan {
    const index = role === 'app' ? { APP_CLUSTER_WORKER_INDEX: String(slot) } : {};
    const args = role === 'app' ? portArguments(this.#needs, slot) : undefined;
    return { env: { ...environment, ...index }, args, mark: `${this.#needs.instance}.${role}${id}`, slot, count };
  }
}

function threadForker(command: ProgramCommand): Forker {
  const { ThreadForker } = requireFile<typeof import('../system/thread-forker.js')>(THREAD_FORKER_FILE);
  return new ThreadForker(command);
}

/** Where every thread has a port of its own. */
function portArguments({ settings, options }: ForkingNeeds, slot: number): readonly string[] | undefined {
  const port = settings.ports[slot];
  return port === undefined ? undefined : [optionsArgument({ ...options, port }).text];
}
