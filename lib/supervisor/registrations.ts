// Which services are registered elsewhere while they are healthy.

import type { EventBus } from '../instance/event-bus.js';
import type { Emit } from '../protocol/events.js';
import type { RegistrationStatus } from '../protocol/register-events.js';
import type { Clock } from '../system/clock.js';
import { reachable, urlOf } from './launch.js';
import { Eureka } from './register/eureka.js';
import { Heartbeats } from './register/heartbeats.js';
import { instanceIdOf, type Registration } from './register/registrar.js';
import type { Service } from './service.js';

export interface RegistrationsNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly emit: Emit;
}

export class Registrations {
  readonly #needs: RegistrationsNeeds;
  readonly #beats = new Map<string, Heartbeats>();

  constructor(needs: RegistrationsNeeds) {
    this.#needs = needs;
  }

  get status(): readonly RegistrationStatus[] {
    return [...this.#beats.values()].map(({ status }) => status);
  }

  /** Registered while healthy, and only then. */
  follow(events: EventBus, find: (name: string) => Service | undefined): void {
    const join = ({ service }: { readonly service: string }) => {
      const found = find(service);
      if (found !== undefined) this.join(found);
    };
    events.on('service-started', join);
    events.on('service-healthy', join);
    events.on('service-unhealthy', ({ service }) => void this.leave(service));
    events.on('child-left', ({ service }) => service !== undefined && void this.leave(service));
  }

  /** It is healthy. */
  join(service: Service): void {
    const { register } = service.spec;
    if (register === undefined || !service.isReady) return;
    const beats =
      this.#beats.get(service.name) ??
      new Heartbeats({ ...this.#needs, service: service.name, registrar: new Eureka(register.eureka), registration: () => registrationOf(service) });
    this.#beats.set(service.name, beats);
    beats.up();
  }

  /** It is not, or is going to be stopped. Never rejects, and takes 5 s at most. */
  async leave(name: string): Promise<void> {
    await this.#beats.get(name)?.down();
  }

  /** Returns whose they were. */
  async leaveAll(): Promise<readonly string[]> {
    const names = [...this.#beats.keys()];
    await Promise.all(names.map(name => this.leave(name)));
    return names;
  }
}

function registrationOf({ spec, port = 0 }: Service): Registration {
  const host = reachable(spec.host);
  const app = spec.register?.app ?? spec.name;
  const instanceId = spec.register?.instanceId ?? instanceIdOf({ host, app, port });
  const { health } = spec;
  const url = urlOf(spec.host, port);
  const healthCheckUrl = health.kind === 'http' && health.target.startsWith('/') ? `${url}${health.target}` : undefined;
  return { app, instanceId, host, port, homePageUrl: `${url}/`, healthCheckUrl };
}
