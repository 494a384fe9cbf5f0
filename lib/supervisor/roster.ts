// The services of one supervisor by name, and what each needs of the others.

import { ClusterError } from '../errors.js';
import type { Instance } from '../instance/instance.js';
import { startOrder, withDependencies } from '../lifecycle/dependency-order.js';
import { nearestName } from '../protocol/nearest-name.js';
import type { InvalidService, ServiceSpec } from '../protocol/service-spec.js';
import { Service } from './service.js';
import { tellOf } from './service-facts.js';
import type { ServiceNeeds } from './service-needs.js';

export interface RosterNeeds extends Pick<ServiceNeeds, 'clock' | 'random' | 'emit' | 'state'> {
  readonly instance: Pick<Instance, 'name' | 'mark' | 'recording'>;
}

export function rosterOf({ instance: { name, mark, recording }, ...needs }: RosterNeeds): Roster {
  let serial = 0;
  return new Roster({ ...needs, supervisor: name, mark, recording, nextSerial: () => ++serial, tell: tellOf(needs.clock, needs.emit) });
}

export class Roster {
  readonly #services = new Map<string, Service>();
  readonly #needs: ServiceNeeds;
  invalid: readonly InvalidService[] = [];

  constructor(needs: ServiceNeeds) {
    this.#needs = needs;
  }

  get all(): readonly Service[] {
    return [...this.#services.values()];
  }
  add(spec: ServiceSpec): void {
    if (!this.#services.has(spec.name)) this.#services.set(spec.name, new Service(spec, this.#needs));
  }
  remove(name: string): void {
    this.#services.delete(name);
  }
  get(name: string): Service | undefined {
    return this.#services.get(name);
  }

  /** Throws ERR_UNKNOWN_NAME with what there is; ERR_INVALID_CONFIG for one that cannot be a service. */
  find(name: string): Service {
    const found = this.#services.get(name);
    if (found !== undefined) return found;
    const invalid = this.invalid.find(item => item.name === name);
    if (invalid !== undefined) throw new ClusterError('ERR_INVALID_CONFIG', `${name} cannot be a service: ${invalid.reason} (${invalid.source})`);
    const names = [...this.#services.keys()];
    const meant = nearestName(name, names);
    const hint = meant === undefined ? `There are: ${names.join(', ') || 'none'}.` : `Did you mean ${meant}?`;
    throw new ClusterError('ERR_UNKNOWN_NAME', `There is no service ${JSON.stringify(name)} in ${this.#needs.supervisor}. ${hint}`, {
      details: { candidates: names },
    });
  }

  /** The named ones and what they depend on, each after that. */
  inOrderWithNeeds(names: readonly string[]): readonly string[] {
    const all = this.all.map(({ name, spec }) => ({ name, dependsOn: Object.keys(spec.dependsOn) }));
    const meant = withDependencies(names, all);
    return startOrder(all).filter(name => meant.has(name));
  }

  /** A port that we have written into a service's configuration ourselves is no change of it. */
  asRunning(specs: readonly ServiceSpec[]): readonly ServiceSpec[] {
    return specs.map(spec => {
      const { port, spec: before } = this.#services.get(spec.name) ?? {};
      const isOurs = port !== undefined && spec.port?.preferred === port && before?.port?.from === spec.port.from && before.port.to === spec.port.to;
      return isOurs ? { ...spec, port: before?.port } : spec;
    });
  }

  dependentsOf(name: string): readonly string[] {
    return this.all.filter(({ spec }) => name in spec.dependsOn).map(other => other.name);
  }

  /** What it depends on, and is not there yet. */
  missingFor({ spec }: Service): readonly string[] {
    return Object.entries(spec.dependsOn)
      .filter(([other, need]) => {
        const { isReady, isGoing, record } = this.find(other);
        const isDone = record.givenUp === 'completed';
        return !(need === 'ready' ? isReady || isDone : isGoing || isDone);
      })
      .map(([other]) => other);
  }
}
