// A service → what outsiders see of it.

import type { Usages } from '../instance/usages.js';
import type { InvalidService } from '../protocol/service-spec.js';
import type { ServiceCondition, ServiceStatus } from '../protocol/service-status.js';
import type { Clock } from '../system/clock.js';
import { urlOf } from './launch.js';
import type { Service } from './service.js';

export interface ConditionFacts {
  readonly clock: Clock;
  readonly usages: Usages;
  /** For what it depends on. */
  readonly isWaiting: boolean;
}

export function statusOf(service: Service, { clock, usages, isWaiting }: ConditionFacts): ServiceStatus {
  const { spec, current, child, launch } = service;
  const status = conditionOf(service, isWaiting);
  const port = service.port ?? (spec.port?.isFixed ? spec.port.from : (service.state.port ?? spec.port?.preferred));
  const process = child === undefined ? undefined : current;
  const facts = process?.facts;
  return {
    name: spec.name,
    kind: spec.run.kind,
    status,
    running: status === 'running',
    desired: service.desired,
    isOwned: service.isOwned,
    pid: process?.pid,
    host: launch?.host ?? spec.host,
    port,
    url: port === undefined ? undefined : urlOf(spec.host, port),
    reason: isWaiting ? `waiting for ${Object.keys(spec.dependsOn).join(', ')}` : service.trouble,
    ageMs: process && Math.round(clock.now() - process.startedAtMs),
    restarts: service.restarts,
    lastExit: service.state.lastExit,
    health: facts && { isHealthy: facts.isHealthy, failures: facts.failures, tookMs: Math.round(facts.tookMs), agoMs: Math.round(clock.now() - facts.atMs) },
    source: spec.source,
    dependsOn: Object.keys(spec.dependsOn),
    ...(process && usages.of(process.pid, process.startedAtMs)),
  };
}

function conditionOf({ child, current, isGoing, givenUp, trouble, isRetrying }: Service, isWaiting: boolean): ServiceCondition {
  if (child?.status === 'ready') return current?.facts?.isHealthy === false ? 'unhealthy' : 'running';
  if (child?.status === 'starting') return 'starting';
  if (child !== undefined) return 'stopping';
  if (isWaiting) return 'waiting';
  if (isGoing && isRetrying) return 'backing-off';
  return givenUp ?? (trouble === undefined ? 'down' : 'failed');
}

export function invalidStatus({ name, source, reason }: InvalidService): ServiceStatus {
  const none = { desired: 'down', isOwned: false, host: '', restarts: 0, dependsOn: [] } as const;
  return { name, kind: 'program', status: 'invalid', running: false, reason, source, ...none };
}
