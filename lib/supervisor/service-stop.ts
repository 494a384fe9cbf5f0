// One stop of a service: told, done, and looked at afterwards.

import type { ServiceStopAccount } from '../protocol/service-status.js';
import type { Group } from '../supervision/group.js';
import { remainsOf } from './remains.js';
import type { Service } from './service.js';
import type { ServiceNeeds } from './service-needs.js';

export interface Stopping extends Pick<ServiceNeeds, 'clock' | 'emit'> {
  readonly service: Service;
  readonly group: Group;
  readonly force: AbortSignal;
  readonly reason: string;
}

export async function stopped({ service, group, force, reason, clock, emit }: Stopping): Promise<ServiceStopAccount> {
  const startedAt = clock.now();
  const { name, current, child, launch } = service;
  if (child !== undefined) emit({ type: 'service-stopping', service: name, pid: current?.pid ?? 0, reason });
  const { forced, survived } = await group.stop(force);
  const remains = await remainsOf(launch, current, survived);
  const account = { service: name, tookMs: Math.round(clock.now() - startedAt), forced, remains };
  if (child !== undefined) emit({ type: 'service-stopped', ...account });
  return account;
}
