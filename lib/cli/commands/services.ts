// app-cluster start --service | down | plan: what is about services, and about nothing else.

import { resolve } from 'node:path';
import { Client } from '../../control/client.js';
import { findInstance } from '../../control/find-instance.js';
import { clientOf, requireService } from '../../control/find-service.js';
import { entries } from '../../control/registry.js';
import { stopInstance } from '../../control/stop-instance.js';
import { ClusterError } from '../../errors.js';
import { VERBS } from '../../protocol/control.js';
import type { RegistryEntry } from '../../protocol/registry-entry.js';
import type { PlannedChange } from '../../protocol/service-status.js';
import { currentDirectory } from '../../system/environment.js';
import { styled } from '../../system/terminal.js';
import { type CommandOptions, type CommandSpec, JSON_OPTION } from '../command.js';
import { type Column, table } from '../render/table.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_REMAINS = 1;
const SUPERVISOR = ['[supervisor]', 'name or pid of a supervisor, its services file or its folder; not needed when there is only one'] as const;

/** Throws ERR_UNKNOWN_NAME, ERR_AMBIGUOUS_NAME. */
export function findSupervisor(name: string | undefined): RegistryEntry {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive && entry.kind === 'supervisor' ? [entry] : []));
  if (name === undefined && running.length === 1 && running[0] !== undefined) return running[0];
  const path = name === undefined ? undefined : resolve(currentDirectory(), name);
  const found = running.find(({ name: own, file, baseDir }) => own === name || (path !== undefined && (file === path || baseDir === path)));
  if (found !== undefined) return found;
  const known = running.map(({ name: own }) => own);
  if (name === undefined && known.length > 1)
    throw new ClusterError('ERR_AMBIGUOUS_NAME', `Which one? There are: ${known.join(', ')}.`, { details: { candidates: known } });
  const other = name === undefined ? undefined : findInstance(name);
  if (other?.kind === 'supervisor') return other;
  throw new ClusterError(
    'ERR_UNKNOWN_NAME',
    other === undefined ? 'No supervisor runs (app-cluster up).' : `${name} is no supervisor: stop it with app-cluster stop ${name}.`,
  );
}

export const down: CommandSpec = {
  name: 'down',
  summary: 'Stop the services of a supervisor, in reverse order, and end it; what is wanted stays as it is',
  args: [SUPERVISOR],
  options: [['--force', 'Kill at once'], JSON_OPTION],
  takesName: true,
  run: async ([name], { force, json }) => {
    const entry = findSupervisor(name);
    const report = await stopInstance(entry, force === true);
    const { remains = [], tookMs, survived } = report;
    if (json) sayJson(report);
    else {
      sayLines(remains.map(what => styled('red', what)));
      sayLines([`${entry.name} ${remains.length + survived.length > 0 ? 'did not stop completely' : 'is down'} after ${duration(tookMs)}`]);
    }
    return remains.length + survived.length > 0 ? EXIT_REMAINS : 0;
  },
};

const PLAN_COLUMNS: readonly Column<PlannedChange>[] = [
  { title: 'service', of: ({ service }) => service },
  { title: 'up would', of: ({ act }) => (act === 'none' ? styled('gray', 'leave it') : `${act} it`) },
  { title: 'because', of: ({ reason }) => reason },
];

export const plan: CommandSpec = {
  name: 'plan',
  summary: VERBS.plan.summary,
  args: [SUPERVISOR],
  options: [JSON_OPTION],
  takesName: true,
  run: async ([name], { json }) => {
    const { socket } = findSupervisor(name);
    const changes = await new Client({ socketPath: socket }).verbs.plan({});
    if (json) sayJson(changes);
    else sayLines(changes.length === 0 ? ['There are no services.'] : table(changes, PLAN_COLUMNS));
    return 0;
  },
};

/** `start SUP/SVC`, or `start --service SUP/SVC`. */
export async function startService(name: string, { json, idempotent }: CommandOptions): Promise<number> {
  const found = requireService(name);
  const account = await clientOf(found).verbs.startService({ service: found.service, ...(idempotent ? { idempotent: true } : {}) });
  const { service, tookMs } = account;
  if (json) sayJson(account);
  else
    sayLines([
      `${found.fullName} ${service.status}${service.url === undefined ? '' : ` on ${service.url}`} after ${duration(tookMs)}${service.pid === undefined ? '' : ` (pid ${service.pid})`}`,
    ]);
  return 0;
}

export async function stopService(name: string, { json, force, idempotent }: CommandOptions): Promise<number> {
  const found = requireService(name);
  const account = await clientOf(found).verbs.stopService({
    service: found.service,
    ...(idempotent ? { idempotent: true } : {}),
    ...(force ? { force: true } : {}),
  });
  const { remains, tookMs, forced } = account;
  if (json) sayJson(account);
  else {
    sayLines(remains.map(what => styled('red', what)));
    const killed = forced.length > 0 ? `, had to be killed: ${forced.join(', ')}` : '';
    sayLines([`${found.fullName} ${remains.length > 0 ? 'did not stop' : 'stopped'} in ${duration(tookMs)}${killed}; it is wanted down from now on`]);
  }
  return remains.length > 0 ? EXIT_REMAINS : 0;
}

export async function restartService(name: string, { json }: CommandOptions): Promise<number> {
  const found = requireService(name);
  const account = await clientOf(found).verbs.restartService({ service: found.service });
  if (json) sayJson(account);
  else sayLines([`${found.fullName} restarted in ${duration(account.tookMs)} (pid ${account.service.pid ?? '–'})`]);
  return 0;
}
