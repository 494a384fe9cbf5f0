// Checked options → Settings. Looks at the disk and the environment, and lists everything that is wrong at once.

import { basename, dirname, extname, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import { instanceOptions } from '../instance/instance-options.js';
import { type ClusterOptions, COMMAND_ONLY, type Issue, issuesError } from '../protocol/options.js';
import { usableCpus } from '../system/cpu-limit.js';
import { currentDirectory, isUnderInspector, nodeOptions, runsTypeScript, variable } from '../system/environment.js';
import { fileUrl, importUrl, resolveModule } from '../system/load-module.js';
import { installedPackage, isFolder, parseEnvironmentFile, readPackage, readText } from '../system/project-files.js';
import { refuseCombinations } from './combinations.js';
import { httpsOf } from './https-option.js';
import { list, toNumber } from './option-values.js';
import { findProgram } from './program.js';
import type { Program, Settings } from './settings.js';
import { timeoutsOf } from './timeouts.js';
import { upkeepOf } from './upkeep.js';

const HTTPS_PORT = 8_443;

export type Flavour = Settings['flavour'];

/** Keys that concern the master alone; everything else is handed to the framework untouched. */
const MASTERS_OWN = [
  'ownProcess',
  'setEnv',
  'envFile',
  'httpsKey',
  'httpsCert',
  'entry',
  'agent',
  'nodeOption',
  'import',
  'customEgg',
  'ready',
  'portFallback',
  'args',
  'surge',
  'probation',
  'readyPath',
  'hangAfter',
  'watchdog',
  'maxMemory',
  'maxRequests',
  'maxAge',
  'spares',
  'lameDuck',
];
const MASTERS_TIMES = ['startTimeout', 'stopTimeout', 'linger', 'startTimeoutMs', 'stopTimeoutMs', 'lingerMs'];

/** Throws one ClusterError that lists every issue. The options' types have been checked already. */
export function resolveSettings(given: ClusterOptions, flavour: Flavour): Settings {
  const issues: Issue[] = [];
  const baseDir = resolve(given.baseDir ?? currentDirectory());
  const options: ClusterOptions = { ...given, baseDir };
  const isTerse = flavour === 'call';
  if (!isFolder(baseDir)) {
    const message = isTerse ? `${baseDir}/package.json should exist` : `The folder ${baseDir} does not exist.`;
    throw issuesError([{ kind: 'configuration', message, ...(isTerse ? { advice: `the folder ${baseDir} does not exist` } : {}) }], isTerse);
  }

  const found = findProgram(options, baseDir, flavour);
  if ('issues' in found) issues.push(...found.issues);
  const program = 'issues' in found ? undefined : found;
  const https = httpsOf(options, issues, isTerse);
  const environment = { ...environmentFiles(options, baseDir, issues), ...options.setEnv };
  const mode = modeOf(options, flavour, environment);
  const preload = resolved(list(options.require), baseDir, issues);
  const imports = resolved(list(options.import), baseDir, issues).flatMap(file => ['--import', fileUrl(file)]);
  const execArgv = [...inheritedNodeOptions(), ...list(options.nodeOption), ...typeScriptLoader(program, baseDir, issues), ...imports];
  const isThreaded = options.startMode === 'worker_threads';
  const ports = isThreaded && !options.reusePort ? (options.ports ?? []) : [];
  const workers = ports.length > 0 ? { count: ports.length, why: 'one a port' } : workersOf(options);
  const instance = instanceOptions(options, flavour, issues);
  refuseCombinations(options, program, issues);
  refuseUnserialisable(options, issues);
  if (issues.length > 0 || program === undefined) throw issuesError(issues, isTerse);

  const port = toNumber(options.port);
  const isDebug = options.isDebug ?? isUnderInspector();
  const known = {
    baseDir,
    workers: workers.count,
    port,
    https,
    env: mode.serverEnv,
    ...(options.require === undefined ? {} : { require: list(options.require) }),
  };
  const own = [...MASTERS_OWN, ...MASTERS_TIMES, ...(flavour === 'command' ? COMMAND_ONLY : [])];
  const childOptions = { ...without(options, own), ...known };
  return {
    ...instance,
    name: options.name ?? nameOf(program, baseDir),
    baseDir,
    program,
    workers,
    port,
    host: options.host,
    portFallback: options.portFallback ?? false,
    isHttps: https !== undefined,
    sticky: options.sticky ?? false,
    isThreaded,
    ports,
    readyOn: options.ready ?? 'listening',
    pidFile: options.pidFile === undefined ? undefined : resolve(options.pidFile),
    debugPort: toNumber(options.debugPort),
    isDebug,
    ...mode,
    preload,
    execArgv,
    args: options.args ?? [],
    cwd: flavour === 'command' ? baseDir : undefined,
    environment: {
      ...environment,
      ...mode.environment,
      ...silence(program, mode.nodeEnv),
      ...(port === undefined || program.kind === 'framework' ? {} : { PORT: String(port) }),
    },
    appWorkerFile: options.appWorkerFile,
    agentWorkerFile: options.agentWorkerFile,
    timeouts: timeoutsOf({ options, flavour, variable }),
    upkeep: upkeepOf(options, isDebug),
    options: program.kind === 'framework' ? forFramework(childOptions, program.directory, isDebug) : childOptions,
    flavour,
  };
}

/** The application's own name: a framework's would be the same for all. */
function nameOf(program: Program, baseDir: string): string {
  if (program.kind === 'entry') return program.name;
  return readPackage(baseDir)?.name ?? basename(baseDir);
}

/** As egg-cluster hands them out: with its defaults, and in its order. */
function forFramework(options: Readonly<Record<string, unknown>>, framework: string, isDebug: boolean): Record<string, unknown> {
  const { baseDir, https } = options;
  const port = options['port'] ?? (https ? HTTPS_PORT : undefined); // Shown as egg-cluster shows it; the application's own port comes first.
  const defaults = { framework, baseDir, port, reusePort: false, workers: undefined, plugins: null, https: false, startMode: 'process', ports: [], env: null };
  return { ...defaults, ...options, port, framework, https: https ?? false, env: options['env'] ?? null, ...(isDebug ? { isDebug } : {}) };
}

/** Production: by the environment's name, else by NODE_ENV; the command line is production unless something says otherwise. */
function modeOf(options: ClusterOptions, flavour: Flavour, own: Readonly<Record<string, string>>) {
  const serverEnv = options.env ?? variable('APP_CLUSTER_ENV') ?? variable('EGG_SERVER_ENV');
  const nodeEnv = own['NODE_ENV'] ?? variable('NODE_ENV');
  const assumed = flavour === 'command' && serverEnv === undefined && nodeEnv === undefined ? 'production' : undefined;
  const isProduction = serverEnv === undefined ? (nodeEnv ?? assumed) === 'production' : serverEnv !== 'local' && serverEnv !== 'unittest';
  const needsNodeEnv = flavour === 'command' && isProduction && nodeEnv === undefined;
  const environment = { ...(serverEnv === undefined ? {} : { EGG_SERVER_ENV: serverEnv }), ...(needsNodeEnv ? { NODE_ENV: 'production' } : {}) };
  return { isProduction, serverEnv, nodeEnv: nodeEnv ?? assumed, environment };
}

/** egg-cluster: deprecations are printed to stderr, which makes egg-scripts believe that a start failed. */
function silence(program: Program, nodeEnv: string | undefined): Record<string, string> {
  return program.kind === 'framework' && nodeEnv === 'production' ? { NO_DEPRECATION: '*' } : {};
}

function workersOf({ workers }: ClusterOptions) {
  return workers === undefined ? usableCpus() : { count: Number(workers), why: 'as asked' };
}

function environmentFiles({ envFile }: ClusterOptions, baseDir: string, issues: Issue[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const file of list(envFile)) {
    try {
      Object.assign(all, parseEnvironmentFile(readText(resolve(baseDir, file))));
    } catch (error) {
      issues.push({ kind: 'configuration', message: `The environment file ${file} cannot be read: ${messageOf(error)}` });
    }
  }
  return all;
}

function resolved(specifiers: readonly string[], baseDir: string, issues: Issue[]): string[] {
  return specifiers.flatMap(specifier => {
    try {
      return [resolveModule(specifier, baseDir)];
    } catch {
      issues.push({ kind: 'configuration', message: `The module ${specifier}, to be loaded first, is not found from ${baseDir}.` });
      return [];
    }
  });
}

/** Options of this very process go on to the children, as with cluster and child_process; not those that say what to run. */
function inheritedNodeOptions(): string[] {
  const options = nodeOptions();
  const isProgram = (option: string) => /^(-e|--eval|-p|--print|-c|--check|-i|--interactive|--watch|--test|--input-type|--import|--run)(=|$)/.test(option);
  const takesValue = (option: string | undefined) => /^(-e|--eval|-p|--print|--import)$/.test(option ?? '');
  return options.filter((option, index) => !isProgram(option) && !takesValue(options[index - 1]));
}

function typeScriptLoader(program: Program | undefined, baseDir: string, issues: Issue[]): string[] {
  const files = program?.kind === 'entry' ? [program.file, program.agentFile ?? ''] : [];
  if (runsTypeScript() || !files.some(file => /^\.[cm]?ts$/.test(extname(file)))) return [];
  const tsx = installedPackage('tsx', baseDir) ?? installedPackage('tsx', dirname(files[0] ?? baseDir));
  if (tsx !== undefined) return ['--import', importUrl(tsx)];
  issues.push({ kind: 'configuration', message: `${files[0]} is TypeScript: run it on Node 22.18 or later, or install tsx beside it (npm install tsx).` });
  return [];
}

/** They travel to the workers as JSON. */
function refuseUnserialisable(options: ClusterOptions, issues: Issue[]): void {
  try {
    JSON.stringify(options);
  } catch (error) {
    issues.push({ kind: 'usage', message: `The options cannot be handed to the workers: ${messageOf(error).split('\n')[0]}. They must be plain data.` });
  }
}

function without(options: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([key]) => !keys.includes(key)));
}
