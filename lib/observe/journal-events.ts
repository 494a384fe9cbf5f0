// Which facts are worth keeping beyond the master's life: what somebody asks for afterwards. The rest is in the log.

import type { ClusterEvent, EventType } from '../protocol/events.js';

const ALWAYS: readonly EventType[] = [
  'supervisor-starting',
  'supervisor-started',
  'config-applied',
  'config-warned',
  'service-invalid',
  'service-started',
  'service-start-failed',
  'service-adopted',
  'service-unhealthy',
  'service-healthy',
  'service-stopping',
  'service-stopped',
  'service-completed',
  'desired-changed',
  'port-assigned',
  'state-restored',
  'state-unwritable',
  'cluster-starting',
  'cluster-started',
  'cluster-start-failed',
  'cluster-reloading',
  'cluster-reloaded',
  'reload-failed',
  'cluster-restarting',
  'cluster-restarted',
  'cluster-resized',
  'cluster-stopping',
  'cluster-stop-hurried',
  'cluster-stopped',
  'cluster-lost',
  'child-worn',
  'child-lost',
  'child-hung',
  'child-recovered',
  'child-errored',
  'slot-left-empty',
  'slot-gave-up',
  'spare-taken',
  'spares-gave-up',
  'address-in-use',
  'sockets-fell-back',
  'port-changed',
  'logger-died',
  'logs-dropped',
  'control-unavailable',
  'master-replaced',
  'keeper-lost',
  'upgrade-started',
  'upgrade-failed',
  'cluster-succeeded',
  'service-registered',
  'service-deregistered',
  'service-deregistration-failed',
  'operated',
  'master-erred',
];

export function isForTheJournal(event: ClusterEvent): boolean {
  if (event.type === 'child-left') return event.failed;
  if (event.type === 'backing-off') return event.waitMs > 0;
  if (event.type === 'service-registration-failed' || event.type === 'service-renewal-failed') return event.failures === 1;
  return ALWAYS.includes(event.type);
}
