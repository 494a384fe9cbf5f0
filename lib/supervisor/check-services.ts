// `up --check`: reads a services file as `up` would, and looks whether what it names is there. Starts nothing, writes nothing.

import { portStatuses } from '../control/ports.js';
import { ClusterError, messageOf } from '../errors.js';
import { longestWay } from '../lifecycle/dependency-order.js';
import { type PortWish, type ServiceSpec, STOP_ALL_MS, type SupervisorConfig } from '../protocol/service-spec.js';
import type { CheckedService, CheckProblem, ServicesCheck } from '../protocol/services-check.js';
import type { PortStatus } from '../protocol/snapshot.js';
import { isPortTaken } from '../system/free-port.js';
import { isLocalHost } from '../system/local-host.js';
import { readServicesFile } from './config/services-file.js';
import { launchOf } from './launch.js';

export interface CheckQuestion {
  readonly file: string;
  readonly name: string;
}

/** A file that cannot be read is a problem too. */
export async function checkServices({ file, name }: CheckQuestion): Promise<ServicesCheck> {
  try {
    return await checked(await readServicesFile(file), { file, name });
  } catch (error) {
    if (!(error instanceof ClusterError)) throw error;
    const { issues } = error.details as { readonly issues?: readonly string[] };
    const problems = (issues ?? [error.message]).map(message => ({ message }));
    return { file, name, startMs: 0, stopMs: STOP_ALL_MS, services: [], problems, warnings: [] };
  }
}

async function checked({ services, invalid, warnings, stopMs }: SupervisorConfig, { file, name }: CheckQuestion): Promise<ServicesCheck> {
  const held = await portStatuses();
  const looks: Look[] = [];
  for (const spec of services) looks.push(await lookAt(spec, `${name}/${spec.name}`, held)); // In turn: a look at a port binds it for a moment.
  const bad = invalid.map(({ name: service, reason, source }) => ({ service, message: `${service} cannot be a service: ${reason} (${source})` }));
  const ways = services.map(({ name: own, dependsOn, health }) => ({ name: own, dependsOn: Object.keys(dependsOn), weight: health.startTimeoutMs }));
  return {
    file,
    name,
    startMs: longestWay(ways),
    stopMs,
    services: looks.map(({ service }) => service),
    problems: [...bad, ...looks.flatMap(({ problems }) => problems), ...portsTwice(services)],
    warnings,
  };
}

interface Look {
  readonly service: CheckedService;
  readonly problems: readonly CheckProblem[];
}

async function lookAt(spec: ServiceSpec, fullName: string, held: readonly PortStatus[]): Promise<Look> {
  const { name, source, desired, cwd, host, port } = spec;
  const own = port?.isFixed ? port.from : undefined;
  const problems: CheckProblem[] = [];
  let program: string | undefined;
  try {
    program = launchOf(spec, { fullName, host, port: port?.from, optionsFile: undefined }).program.file;
  } catch (error) {
    problems.push({ service: name, message: messageOf(error) });
  }
  const message = own === undefined ? undefined : await whyTaken(own, spec, fullName, held);
  if (message !== undefined) problems.push({ service: name, message });
  return { service: { name, source, desired, program, cwd, port: own }, problems };
}

/** One that this very service holds is not taken. */
async function whyTaken(port: number, { name, host, source }: ServiceSpec, fullName: string, held: readonly PortStatus[]): Promise<string | undefined> {
  if (!isLocalHost(host) || !(await isPortTaken(port, host))) return undefined;
  const holders = held.find(status => status.port === port)?.holders ?? [];
  if (holders.length > 0 && holders.every(({ service }) => service === fullName)) return undefined;
  const who = holders.map(({ pid, command, service, instance }) => `${service ?? instance ?? command} (pid ${pid})`).join(', ');
  return `${name}: port ${port} on ${host} is taken by ${who || 'a process of another user'} (${source})`;
}

/** Of services that are to run at the same time. */
function portsTwice(services: readonly ServiceSpec[]): CheckProblem[] {
  const isSame = (a: PortWish, b: PortWish | undefined) => a.isFixed && b?.isFixed && a.from === b.from;
  return services.flatMap(({ name, host, port, desired, source }, index) => {
    const other = services.slice(0, index).find(spec => port !== undefined && isSame(port, spec.port) && spec.host === host && spec.desired === 'up');
    if (other === undefined || desired === 'down') return [];
    return [{ service: name, message: `${name}: port ${port?.from} is ${other.name}'s already (${source}, ${other.source})` }];
  });
}
