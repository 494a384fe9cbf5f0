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
  const { spec, current, child, launch, record } = service;
  const status = conditionOf(service, isWaiting);
  const port = service.port ?? (spec.port?.isFixed ? spec.port.from : (record.state.port ?? spec.port?.preferred));
  const living = child === undefined ? undefined : current;
  const facts = living?.facts;
  return {
    name: spec.name,
    kind: spec.run.kind,
    status,
    running: status === 'running',
    desired: service.desired,
    isOwned: record.isOwned,
    pid: living?.pid,
    host: launch?.host ?? spec.host,
    port,
    url: port === undefined ? undefined : urlOf(spec.host, port),
    reason: isWaiting ? `waiting for ${Object.keys(spec.dependsOn).join(', ')}` : record.trouble,
    ageMs: living && Math.round(clock.now() - living.startedAtMs),
    restarts: record.restarts,
    lastExit: record.state.lastExit,
    health: facts && { isHealthy: facts.isHealthy, failures: facts.failures, tookMs: Math.round(facts.tookMs), agoMs: Math.round(clock.now() - facts.atMs) },
    source: spec.source,
    dependsOn: Object.keys(spec.dependsOn),
    ...(living && usages.of(living.pid, living.startedAtMs)),
  };
}

/** Without a look at its process: cheap enough for every event. */
export function conditionOf({ child, current, isGoing, record, isRetrying }: Service, isWaiting: boolean): ServiceCondition {
  if (child?.status === 'ready') return current?.facts?.isHealthy === false ? 'unhealthy' : 'running';
  if (child?.status === 'starting') return 'starting';
  if (child !== undefined) return 'stopping';
  if (isWaiting) return 'waiting';
  if (isGoing && isRetrying) return 'backing-off';
  return record.givenUp ?? (record.trouble === undefined ? 'down' : 'failed');
}

export function invalidStatus({ name, source, reason }: InvalidService): ServiceStatus {
  const none = { desired: 'down', isOwned: false, host: '', restarts: 0, dependsOn: [] } as const;
  return { name, kind: 'program', status: 'invalid', running: false, reason, source, ...none };
}
