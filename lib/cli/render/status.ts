// An instance as `status` and `top` show it.

import type { ServiceStatus } from '../../protocol/service-status.js';
import type { InstanceStatus, WorkerStatus } from '../../protocol/snapshot.js';
import { styled } from '../../system/terminal.js';
import { lossText } from './losses.js';
import { SERVICE_COLUMNS } from './services.js';
import { colouredStatus } from './status-colour.js';
import { type Column, table } from './table.js';
import { bytes, duration, number, percent, time } from './units.js';

export const WORKER_COLUMNS: readonly Column<WorkerStatus>[] = [
  { title: 'worker', of: ({ role, id, service }) => service ?? (role === 'agent' ? `agent#${id}` : `app#${id}`) },
  { title: 'index', of: ({ role, slot }) => (role === 'agent' ? '' : String(slot)), isNumber: true },
  { title: 'pid', of: ({ pid }) => String(pid), isNumber: true },
  { title: 'status', of: ({ status }) => colouredStatus(status) },
  { title: 'gen', of: ({ generation }) => String(generation), isNumber: true },
  { title: 'age', of: ({ ageMs }) => duration(ageMs), isNumber: true },
  { title: 'restarts', of: ({ restarts }) => String(restarts), isNumber: true },
  { title: 'memory', of: ({ rssBytes }) => bytes(rssBytes), isNumber: true },
  { title: 'cpu', of: ({ cpuPercent }) => percent(cpuPercent), isNumber: true },
  { title: 'loop', of: ({ vitals }) => percent(vitals && vitals.loopUtilization * 100), isNumber: true },
  { title: 'delay', of: ({ vitals }) => (vitals?.loopDelayMs === undefined ? '–' : `${number(vitals.loopDelayMs)} ms`), isNumber: true },
  { title: 'conns', of: ({ vitals }) => number(vitals?.connections), isNumber: true },
  { title: 'req/s', of: ({ requestsPerSecond }) => number(requestsPerSecond), isNumber: true },
  { title: 'in flight', of: ({ vitals }) => number(vitals?.inFlight), isNumber: true },
  { title: 'last exit', of: ({ lastExit }) => (lastExit === undefined ? '' : `${lastExit.reason}, ${time(lastExit.at)}`) },
];

export function statusLines(status: InstanceStatus): string[] {
  if (status.services !== undefined) return supervisorLines(status, status.services);
  const { name, pid, masterPid = pid, address, uptimeMs, program, generation, reloads, size, master, logs, droppedMessages, losses } = status;
  const facts = [
    `${styled('bold', name)}  ${colouredStatus(status.status)}  ${address?.text ?? 'no address'}`,
    `program   ${program}`,
    ...(masterPid === pid ? [] : [`keeper    pid ${pid}`]),
    `master    pid ${masterPid}, up ${duration(uptimeMs)}, ${bytes(master.rssBytes)}, ${percent(master.cpuPercent)} CPU, Node ${status.node}, app-cluster ${status.version}`,
    `workers   ${size} wanted, generation ${generation}, ${reloads} reload${reloads === 1 ? '' : 's'}${status.spares ? `, ${status.spares} spare${status.spares === 1 ? '' : 's'}` : ''}`,
    ...(losses === undefined ? [] : [`requests  ${lossText(losses)}`]),
    `logs      ${logs.folder ?? 'not recorded'}${logs.droppedLines > 0 ? styled('red', `, ${logs.droppedLines} lines dropped`) : ''}`,
    ...(droppedMessages > 0 ? [styled('yellow', `messages  ${droppedMessages} dropped`)] : []),
  ];
  const workers = [...(status.agent ? [status.agent] : []), ...status.workers];
  return [...facts, '', ...table(workers, WORKER_COLUMNS)];
}

function supervisorLines(status: InstanceStatus, services: readonly ServiceStatus[]): string[] {
  const { name, pid, uptimeMs, program, size, master, logs } = status;
  return [
    `${styled('bold', name)}  ${colouredStatus(status.status)}`,
    `file      ${program}`,
    `process   pid ${pid}, up ${duration(uptimeMs)}, ${bytes(master.rssBytes)}, ${percent(master.cpuPercent)} CPU, Node ${status.node}, app-cluster ${status.version}`,
    `services  ${services.length}, ${size} wanted up, ${services.filter(({ running }) => running).length} running`,
    `logs      ${logs.folder ?? 'not recorded'}${logs.droppedLines > 0 ? styled('red', `, ${logs.droppedLines} lines dropped`) : ''}`,
    '',
    ...table(services, SERVICE_COLUMNS),
  ];
}
