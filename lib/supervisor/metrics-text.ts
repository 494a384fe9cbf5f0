// Services in Prometheus' text format, version 0.0.4.

import type { ServiceStatus } from '../protocol/service-status.js';

export function metricsText(supervisor: string, services: readonly ServiceStatus[]): string {
  const lines = services.flatMap(service => {
    const label = `{supervisor=${JSON.stringify(supervisor)},service=${JSON.stringify(service.name)}}`;
    const { running, desired, restarts, rssBytes = 0 } = service;
    return [
      `app_cluster_service_up${label} ${running ? 1 : 0}`,
      `app_cluster_service_wanted${label} ${desired === 'up' ? 1 : 0}`,
      `app_cluster_service_restarts_total${label} ${restarts}`,
      `app_cluster_service_resident_memory_bytes${label} ${rssBytes}`,
    ];
  });
  return `${lines.join('\n')}\n`;
}
