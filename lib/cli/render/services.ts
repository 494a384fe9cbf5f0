// Services as `status`, `ls` and `top` show them.

import type { ServiceStatus } from '../../protocol/service-status.js';
import { styled } from '../../system/terminal.js';
import { colouredStatus } from './status-colour.js';
import type { Column } from './table.js';
import { bytes, duration, number, percent, time } from './units.js';

export const SERVICE_COLUMNS: readonly Column<ServiceStatus>[] = [
  { title: 'service', of: ({ name }) => name },
  { title: 'kind', of: ({ kind }) => kind },
  { title: 'pid', of: ({ pid }) => (pid === undefined ? '–' : String(pid)), isNumber: true },
  { title: 'status', of: ({ status, isOwned }) => colouredStatus(status) + (isOwned || status === 'invalid' ? '' : ' (not ours)') },
  { title: 'wanted', of: ({ desired }) => desired },
  { title: 'address', of: ({ url }) => url ?? '–' },
  { title: 'up', of: ({ ageMs }) => (ageMs === undefined ? '–' : duration(ageMs)), isNumber: true },
  { title: 'restarts', of: ({ restarts }) => String(restarts), isNumber: true },
  { title: 'memory', of: ({ rssBytes }) => bytes(rssBytes), isNumber: true },
  { title: 'cpu', of: ({ cpuPercent }) => percent(cpuPercent), isNumber: true },
  { title: 'health', of: ({ health }) => (health === undefined ? '–' : `${number(health.tookMs)} ms`), isNumber: true },
  { title: 'why', of: whyText },
];

/** What went wrong; of one that runs well only what it was started again for. */
function whyText({ reason, lastExit, running, restarts }: ServiceStatus): string {
  if (reason !== undefined) return reason.split('\n')[0] ?? '';
  return lastExit === undefined || (running && restarts === 0) ? '' : `${lastExit.reason}, ${time(lastExit.at)}`;
}

/** One service, whole. */
export function serviceLines(fullName: string, status: ServiceStatus): string[] {
  const { kind, desired, url, pid, ageMs, restarts, rssBytes, cpuPercent, health, lastExit, reason, source, dependsOn, isOwned } = status;
  return [
    `${styled('bold', fullName)}  ${colouredStatus(status.status)}  ${url ?? 'no address'}`,
    ...(reason === undefined ? [] : [`why       ${reason}`]),
    `wanted    ${desired}`,
    ...(pid === undefined
      ? []
      : [`process   pid ${pid}${isOwned ? '' : ', started by somebody else'}, up ${duration(ageMs ?? 0)}, ${bytes(rssBytes)}, ${percent(cpuPercent)} CPU`]),
    ...(health === undefined
      ? []
      : [`health    ${health.isHealthy ? 'ok' : `${health.failures} failed`} in ${number(health.tookMs)} ms, ${duration(health.agoMs)} ago`]),
    `restarts  ${restarts}${lastExit === undefined ? '' : `; the last one ${lastExit.reason}, ${time(lastExit.at)}`}`,
    ...(dependsOn.length === 0 ? [] : [`after     ${dependsOn.join(', ')}`]),
    `source    ${source} (${kind})`,
  ];
}
