// What each generation of workers runs: the settings it is forked from. An earlier one is kept to go back to.

import type { Role } from '../protocol/events.js';
import { Forking, type ForkingNeeds } from './forking.js';
import type { Settings } from './settings.js';

export interface Version {
  readonly settings: Settings;
  /** As the children get them. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly forking: Forking;
}

export type VersionsNeeds = Pick<ForkingNeeds, 'instance' | 'emit'> & { readonly clusterPort: number | undefined };

/** The one that serves, the one that is tried, and the one before. */
const MOST_KEPT = 3;

export class Versions {
  readonly #needs: VersionsNeeds;
  readonly #from: Record<Role, { readonly generation: number; readonly version: Version }[]>;

  constructor(needs: VersionsNeeds, settings: Settings) {
    this.#needs = needs;
    const first = { generation: 0, version: this.#versionOf(settings) };
    this.#from = { app: [first], agent: [first] };
  }

  get first(): Version {
    return this.of('app', 0);
  }

  /** From this generation on they are forked so. */
  plan(role: Role, generation: number, settings: Settings): void {
    const version = this.#versionOf(settings);
    version.forking.prepareApps({ isAhead: false });
    this.#from[role] = [...this.#from[role], { generation, version }].slice(-MOST_KEPT);
  }

  of(role: Role, generation: number): Version {
    const known = this.#from[role];
    const found = known.findLast(entry => entry.generation <= generation) ?? known[0];
    if (found === undefined) throw new Error(`Nothing is planned for the ${role} workers.`);
    return found.version;
  }

  #versionOf(settings: Settings): Version {
    const { instance, emit, clusterPort } = this.#needs;
    const options = clusterPort === undefined ? settings.options : { ...settings.options, clusterPort };
    return { settings, options, forking: new Forking({ settings, options, instance, emit }) };
  }
}
