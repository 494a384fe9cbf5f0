// Rows G1 and G2: profiles of a gateway. Each has a folder, and in it a configuration that says its port and host.

import { join, resolve } from 'node:path';
import { placeholderIssue } from '../../protocol/placeholders.js';
import { DEFAULT_PACE, DEFAULTS, FIRST_AUTO_PORT, LAST_PORT, LOCAL_HOST, type ServiceSpec } from '../../protocol/service-spec.js';
import type { ProfilesSource } from '../../protocol/services.schema.js';
import { readConfig, valueAt } from '../../system/config-edit.js';
import { isInContainer } from '../../system/init-system.js';
import { isFolder } from '../../system/project-files.js';
import { homeOf, profileNames, ROOT_PROFILE } from './profile-names.js';
import type { SourceServices } from './sources.js';

const HOME_TEXT = `\${home}`;

type Defaulted = 'homeVariable' | 'configFile' | 'portKey' | 'hostKey' | 'staleKeys' | 'pidFile' | 'apiKeyVariable' | 'basePort' | 'active';
type Complete = ProfilesSource & { readonly [K in Defaulted]: NonNullable<ProfilesSource[K]> };

function complete(source: ProfilesSource): Complete {
  const { homeVariable = 'HOME', configFile = 'config.yaml', portKey = 'port', hostKey = 'host', staleKeys = [] } = source;
  const { pidFile = 'gateway.pid', apiKeyVariable = 'API_KEY', basePort = FIRST_AUTO_PORT, active = ROOT_PROFILE } = source;
  return { ...source, homeVariable, configFile, portKey, hostKey, staleKeys, pidFile, apiKeyVariable, basePort, active };
}

/** @param folder what relative paths start from */
export async function profileServices(given: ProfilesSource, folder: string, inContainer = isInContainer()): Promise<SourceServices> {
  const source = complete(given);
  const root = resolve(folder, source.profiles);
  const issues = issuesOf(source, root);
  if (issues.length > 0) return { services: [], issues };
  const { configFile, homeVariable, listCommand, active } = source;
  const found = await profileNames({ root, configFile, listCommand: listCommand && commandFrom(listCommand, folder), environment: { [homeVariable]: root } });
  const profiles = await Promise.all(found.names.map(name => profileOf(name, source, { root, folder, inContainer })));
  const isThere = found.names.includes(active);
  const lost = isThere || given.active === undefined ? [] : [`active: there is no profile ${active}; there are ${found.names.join(', ')}`];
  return {
    services: profiles.map(({ spec }) => spec),
    invalid: found.invalid,
    warnings: [...found.warnings, ...lost, ...profiles.flatMap(({ warnings }) => warnings)],
    active,
  };
}

const commandFrom = ([program = '', ...args]: readonly string[], folder: string): readonly string[] => [programFrom(program, folder), ...args];
const programFrom = (program: string, folder: string) => (program.includes('/') ? resolve(folder, program) : program);

function issuesOf({ args = [], stopCommand = [] }: Complete, root: string): string[] {
  const texts = { args, stopCommand };
  return [
    ...(isFolder(root) ? [] : [`profiles: there is no folder ${root}`]),
    ...Object.entries(texts).flatMap(([key, list]) =>
      list.flatMap((text, index) => {
        const message = placeholderIssue(text, true);
        return message === undefined ? [] : [`${key}.${index}: ${message}`];
      }),
    ),
  ];
}

interface Surroundings {
  readonly root: string;
  readonly folder: string;
  readonly inContainer: boolean;
}

interface Profile {
  readonly spec: ServiceSpec;
  readonly warnings: readonly string[];
}

async function profileOf(name: string, source: Complete, { root, folder, inContainer }: Surroundings): Promise<Profile> {
  const { portKey, hostKey, staleKeys, basePort, pidFile, lockFile, exec, args = [], stopCommand } = source;
  const home = homeOf(root, name);
  const file = join(home, source.configFile);
  const defaults = { port: basePort, host: (inContainer ? source.containerHost : undefined) ?? LOCAL_HOST };
  const { port, host, warnings } = await addressIn(file, source, defaults);
  const spec: ServiceSpec = {
    ...DEFAULTS,
    name,
    source: file,
    run: { kind: 'program', exec: programFrom(exec, folder), args },
    cwd: home,
    home,
    host,
    port: { from: basePort, to: LAST_PORT, isFixed: false, ...(port === undefined ? {} : { preferred: port }) },
    health: { ...DEFAULT_PACE, kind: 'http', target: '/health' },
    env: { [source.homeVariable]: HOME_TEXT },
    stop: { ...DEFAULTS.stop, command: stopCommand },
    pidFile: resolve(home, pidFile),
    lockFile: lockFile === undefined ? undefined : resolve(home, lockFile),
    config: { file, portKey, hostKey, staleKeys },
    apiKey: { file: join(home, '.env'), variable: source.apiKeyVariable },
    isProfile: true,
  };
  return { spec, warnings: warnings.map(text => `profile ${name}: ${text}`) };
}

interface Address {
  /** Undefined: the configuration says none that could be one. */
  readonly port: number | undefined;
  readonly host: string;
  readonly warnings: readonly string[];
}

/** A key that is not there is no reason for a warning. */
async function addressIn(file: string, { portKey, hostKey }: Complete, defaults: { readonly port: number; readonly host: string }): Promise<Address> {
  const read = await readConfig(file);
  if ('problem' in read) return { port: undefined, host: defaults.host, warnings: [`${file}: ${read.problem}: ${defaults.host}:${defaults.port} is meant`] };
  const [port, host] = [valueAt(read.config, portKey) ?? undefined, valueAt(read.config, hostKey) ?? undefined];
  const [knownPort, knownHost] = [portFrom(port), hostFrom(host)];
  const odd = [
    ...(port !== undefined && knownPort === undefined ? [`${portKey} should be a port from 1 to 65535: ${defaults.port} is meant`] : []),
    ...(host !== undefined && knownHost === undefined ? [`${hostKey} should be a host name or an address: ${defaults.host} is meant`] : []),
  ];
  return { port: knownPort, host: knownHost ?? defaults.host, warnings: odd.map(text => `${file}: ${text}`) };
}

function portFrom(value: unknown): number | undefined {
  const port = typeof value === 'string' && /^\s*\d{1,5}\s*$/.test(value) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= LAST_PORT ? port : undefined;
}

/** With brackets or without: an address is kept without. */
const hostFrom = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[^\s/]+$/.test(value.trim()) ? value.trim().replace(/^\[(.*)\]$/, '$1') : undefined;
