// The port, settled before anything is forked: 0 becomes a free one, a taken one is refused or left for the next free one.

import { ClusterError } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import type { PassedPlace } from '../protocol/keeper-words.js';
import { freePort, isPortTaken } from '../system/free-port.js';
import { portOwner } from '../system/port-owner.js';
import type { Kept } from './kept.js';
import type { Settings } from './settings.js';

/** What was settled before, or changed since, stays so. */
function remembered(settings: Settings, { birth }: Kept): Settings {
  const { port, workers } = birth.memory;
  const count = settings.ports.length === 0 ? workers : undefined;
  const sized = count === undefined ? settings : { ...settings, workers: { count, why: 'as it was' } };
  return port === undefined || port.wanted !== settings.port ? sized : withPort(sized, port.got);
}

/** Somebody listens there because the keeper, or systemd, holds it for us. */
function isOurs(port: number | undefined, kept: Kept | undefined, places: readonly PassedPlace[]): boolean {
  const held = kept?.line.sockets.all.map(({ query }) => query.port) ?? [];
  return port !== undefined && (held.includes(port) || places.some(place => place.port === port));
}

/** Workers find out what was bound for them: `web=7001,admin=/run/x.sock`. */
function tellingOf(settings: Settings, places: readonly PassedPlace[]): Settings {
  if (places.length === 0) return settings;
  const listed = places.map(({ name, port, path }) => `${name ?? ''}=${port ?? path}`).join(',');
  return { ...settings, environment: { ...settings.environment, APP_CLUSTER_LISTEN: listed } };
}

export interface PortFacts {
  /** Where systemd has bound sockets for us. */
  readonly places: readonly PassedPlace[];
  readonly kept: Kept | undefined;
  readonly emit: Emit;
}

export async function settlePort(wanted: Settings, { kept, places, emit }: PortFacts): Promise<Settings> {
  const told = tellingOf(kept === undefined ? wanted : remembered(wanted, kept), places);
  const [first] = places.flatMap(({ port }) => port ?? []);
  const settings = told.port === undefined && first !== undefined ? withPort(told, first) : told;
  if (isOurs(settings.port, kept, places)) return settings;
  const settled = await settleAnew(settings, emit);
  const { port } = settled;
  if (port !== undefined && settings.port !== undefined && port !== settings.port) kept?.line.remember({ port: { wanted: settings.port, got: port } });
  return settled;
}

async function settleAnew(settings: Settings, emit: Emit): Promise<Settings> {
  const { port, host, portFallback, flavour } = settings;
  if (port === undefined) return settings;
  if (port === 0) return withPort(settings, await freePort(0, host));
  if ((flavour === 'call' && !portFallback) || !(await isPortTaken(port, host))) return settings;
  if (!portFallback) throw addressInUse(`${host ?? '*'}:${port}`, portOwner(port));
  const got = await freePort(port, host);
  emit({ type: 'port-changed', wanted: port, got });
  return withPort(settings, got);
}

export function addressInUse(address: string, holder: string): ClusterError {
  const message = `The address ${address} is in use; its holder is ${holder}. Stop it, choose another port, or start with --port-fallback.`;
  return new ClusterError('ERR_ADDRESS_IN_USE', message, { details: { address, holder } });
}

export function withPort(settings: Settings, port: number): Settings {
  const environment = settings.program.kind === 'entry' ? { ...settings.environment, PORT: String(port) } : settings.environment;
  return { ...settings, port, environment, options: { ...settings.options, port } };
}
