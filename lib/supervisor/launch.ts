// A service with its port → what is started, asked and told: every placeholder filled in.

import { ClusterError, messageOf } from '../errors.js';
import { fill, type PlaceholderValues } from '../protocol/placeholders.js';
import type { ServiceSpec } from '../protocol/service-spec.js';
import { SERVICE_VARIABLE } from '../protocol/words.js';
import { COMMAND_FILE } from '../system/entries.js';
import { environmentWith, nodeFile } from '../system/environment.js';
import type { ProgramSpec } from '../system/program-forker.js';
import { findExecutable } from '../system/program-forker.js';
import { isFolder, parseEnvironmentFile, readText } from '../system/project-files.js';
import { findGroup, findUser, mayBecomeOthers, type User } from '../system/user-lookup.js';
import { readWhole, writeWhole } from '../system/whole-files.js';

const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

export interface Launch {
  readonly program: ProgramSpec;
  readonly host: string;
  readonly port: number | undefined;
  /** Where it is asked over HTTP; undefined: it is not. */
  readonly healthUrl: string | undefined;
  readonly healthCommand: readonly string[] | undefined;
  readonly stopCommand: readonly string[] | undefined;
  /** Of all its processes, besides the supervisor's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly runAs: User | undefined;
}

export interface LaunchFacts {
  /** `SUP/SVC`. */
  readonly fullName: string;
  readonly host: string;
  readonly port: number | undefined;
  /** Where a cluster's options are written. Undefined: somebody only looks. */
  readonly optionsFile: string | undefined;
}

/** Throws ERR_START_FAILED: no such program, folder or user, a variable that is not set. */
export function launchOf(spec: ServiceSpec, facts: LaunchFacts): Launch {
  const { name, cwd, home, health, stop } = spec;
  const refuse = (why: string): never => {
    throw new ClusterError('ERR_START_FAILED', `${name}: ${why} (${spec.source})`, { details: { service: name } });
  };
  if (!isFolder(cwd)) refuse(`its folder ${cwd} does not exist`);
  const runAs = spec.user === undefined ? undefined : userOf(spec.user, refuse);
  const fromFiles = Object.assign({}, ...spec.envFiles.map(file => variablesIn(file, refuse))) as Record<string, string>;
  const own = environmentWith({});
  const values: PlaceholderValues = { port: facts.port, host: facts.host, home, env: variable => fromFiles[variable] ?? own[variable] };
  const filled = (text: string): string => {
    try {
      return fill(text, values);
    } catch (error) {
      return refuse(messageOf(error));
    }
  };
  const environment = {
    ...(facts.port === undefined ? {} : { PORT: String(facts.port) }),
    ...fromFiles,
    ...(runAs === undefined ? {} : { HOME: runAs.home, USER: runAs.name, LOGNAME: runAs.name }),
    ...Object.fromEntries(Object.entries(spec.env).map(([key, text]) => [key, filled(text)])),
    [SERVICE_VARIABLE]: facts.fullName,
  };
  const [file, args] = commandOf(spec, facts, filled);
  const found = findExecutable(file, cwd) ?? refuse(`${file} is neither a file that can be run nor a command on the PATH. Name it with its path`);
  return {
    program: { file: found, args, cwd, isRecorded: spec.isRecorded, environment, runAs: runAs && { uid: runAs.uid, gid: runAs.gid } },
    host: facts.host,
    port: facts.port,
    healthUrl: health.kind === 'http' ? healthUrl(filled(health.target), facts) : undefined,
    healthCommand: health.kind === 'exec' ? health.command.map(filled) : undefined,
    stopCommand: stop.command?.map(filled),
    environment,
    runAs,
  };
}

function commandOf(
  { run, cwd }: ServiceSpec,
  { fullName, host, port, optionsFile }: LaunchFacts,
  filled: (text: string) => string,
): [string, readonly string[]] {
  if (run.kind === 'program') return [run.exec, run.args.map(filled)];
  if (optionsFile === undefined) return [nodeFile(), []];
  const baseDir = run.options.baseDir === undefined ? ['--base-dir', cwd] : [];
  const options = JSON.stringify(run.options);
  if (readWhole(optionsFile) !== options) writeWhole(optionsFile, options); // A full disk stops no restart.
  const address = port === undefined ? [] : ['--port', String(port), ...(run.options.host === undefined ? ['--host', host] : [])];
  return [nodeFile(), [COMMAND_FILE, 'start', ...baseDir, '--config', optionsFile, '--name', fullName, ...address]];
}

const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);

/** Where one connects to what listens on `host`. */
export const reachable = (host: string): string => WILDCARDS[host] ?? host;

export const urlOf = (host: string, port: number): string => `http://${bracketed(reachable(host))}:${port}`;

function healthUrl(target: string, { host, port }: LaunchFacts): string {
  return target.startsWith('/') ? `${urlOf(host, port ?? 0)}${target}` : target;
}

function variablesIn(file: string, refuse: (why: string) => never): Record<string, string> {
  try {
    return parseEnvironmentFile(readText(file));
  } catch (error) {
    return refuse(`its envFile ${file} cannot be read: ${messageOf(error)}`);
  }
}

function userOf(text: string, refuse: (why: string) => never): User {
  const [name = '', group] = text.split(':');
  if (!mayBecomeOthers()) refuse(`only root can run it as user ${text}: start the supervisor as root, or leave user out`);
  const user = findUser(name) ?? refuse(`there is no user ${name}`);
  const gid = group === undefined ? user.gid : (findGroup(group) ?? refuse(`there is no group ${group}`));
  return { ...user, gid };
}
