// app-cluster start --service | down | plan: what is about services, and about nothing else.

import { resolve } from 'node:path';
import { checkedServices } from '../../control/checked-services.js';
import { Client } from '../../control/client.js';
import { findInstance } from '../../control/find-instance.js';
import { clientOf, requireService } from '../../control/find-service.js';
import { entries } from '../../control/registry.js';
import { storedStates } from '../../control/service-states.js';
import { stopInstance } from '../../control/stop-instance.js';
import { ClusterError, isClusterError } from '../../errors.js';
import { VERBS } from '../../protocol/control.js';
import type { RegistryEntry } from '../../protocol/registry-entry.js';
import { fileNameOf } from '../../protocol/registry-entry.js';
import type { PlannedChange } from '../../protocol/service-status.js';
import { currentDirectory } from '../../system/environment.js';
import { exists } from '../../system/project-files.js';
import { styled } from '../../system/terminal.js';
import { fileNames } from '../../system/whole-files.js';
import { type CommandOptions, type CommandSpec, JSON_OPTION } from '../command.js';
import { type Column, table } from '../render/table.js';
import { duration } from '../render/units.js';
import { sayJson, sayLines } from '../say.js';

const EXIT_REMAINS = 1;
const SUPERVISOR = ['[supervisor]', 'name or pid of a supervisor, its services file or its folder; not needed when there is only one'] as const;

/** Without a name the one of this folder, else the only one. Throws ERR_UNKNOWN_NAME, ERR_AMBIGUOUS_NAME. */
export function findSupervisor(name: string | undefined): RegistryEntry {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive && entry.kind === 'supervisor' ? [entry] : []));
  const path = resolve(currentDirectory(), name ?? '.');
  const found = running.find(({ name: own, file, baseDir }) => own === name || file === path || baseDir === path);
  if (found !== undefined) return found;
  const [only, ...others] = running;
  if (name === undefined && only !== undefined && others.length === 0) return only;
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
    const running = supervisorOf(name);
    const changes = running === undefined ? await firstPlan(name) : await new Client({ socketPath: running.socket }).verbs.plan({});
    if (json) sayJson(changes);
    else sayLines(changes.length === 0 ? ['There are no services.'] : table(changes, PLAN_COLUMNS));
    return 0;
  },
};

/** Undefined: none runs for what is meant, and there is a file to look at. */
function supervisorOf(name: string | undefined): RegistryEntry | undefined {
  const path = resolve(currentDirectory(), name ?? '.');
  const isPath = name === undefined || exists(path);
  try {
    const found = findSupervisor(name);
    const isOfHere = name !== undefined || found.baseDir === path || !hasServicesFile(path);
    return isOfHere ? found : undefined;
  } catch (error) {
    if (isPath && isClusterError(error) && ['ERR_UNKNOWN_NAME', 'ERR_AMBIGUOUS_NAME'].includes(error.code)) return undefined;
    throw error;
  }
}

const hasServicesFile = (folder: string) => fileNames(folder).some(file => /^app-cluster\.services\.(?:ya?ml|json|m?js|ts)$/.test(file));

/** Where nothing runs yet: what is kept of earlier wishes, and what the file says. */
async function firstPlan(name: string | undefined): Promise<readonly PlannedChange[]> {
  const { services, problems, name: supervisor } = await checkedServices(name === undefined ? [] : [name], currentDirectory());
  const states = storedStates().filter(({ supervisorFile }) => supervisorFile === fileNameOf(supervisor));
  const ofFile = problems.find(({ service }) => service === undefined);
  if (ofFile !== undefined) throw new ClusterError('ERR_INVALID_CONFIG', problems.map(({ message }) => message).join('\n'));
  return services.map(({ name: service, desired }): PlannedChange => {
    const wanted = states.find(({ state }) => state.name === service)?.state.desired ?? desired;
    const problem = problems.find(found => found.service === service);
    if (wanted === 'down') return { service, act: 'none', reason: 'wanted down' };
    return { service, act: 'start', reason: problem === undefined ? 'wanted up, and not running' : `wanted up; but ${problem.message}` };
  });
}

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
