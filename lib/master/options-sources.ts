// The command line's options from all their sources: flag, then environment, then file. Lists everything that is wrong at once.

import { isAbsolute, resolve } from 'node:path';
import { OPTIONS, type OptionFacts } from '../protocol/options.generated.js';
import { type ClusterOptions, durationMs, type Issue } from '../protocol/options.js';
import { currentDirectory, variable } from '../system/environment.js';
import { optionIssues } from '../system/option-issues.js';
import { isFolder } from '../system/project-files.js';
import { flagName, parseCommandLine } from './command-line.js';
import { configFolder, readConfig } from './config-file.js';
import { show } from './show.js';

export interface CommandOptions {
  readonly options: ClusterOptions;
  readonly issues: readonly Issue[];
}

/** Each pair says the same in two units; a stronger source must not be overruled by the other spelling of a weaker one. */
const TWINS: readonly (readonly [string, string])[] = [
  ['startTimeout', 'startTimeoutMs'],
  ['stopTimeout', 'stopTimeoutMs'],
  ['linger', 'lingerMs'],
];

export async function collectOptions(argv: readonly string[]): Promise<CommandOptions> {
  const { target, config, flags, issues: flagIssues } = parseCommandLine(argv);
  const cwd = currentDirectory();
  const base = typeof flags['baseDir'] === 'string' ? flags['baseDir'] : target;
  const folder = configFolder(base, isFolder, cwd);
  const file = await readConfig(folder, config);
  const environment = fromEnvironment();
  const named = { ...placeOf(target, folder, cwd), ...flags };
  const options = canonical({ baseDir: folder, ...relativeTo(folder, file.options), ...environment.options, ...named }, [named, environment.options]);
  const issues = [...flagIssues, ...(await wrongFlags(flags)), ...(await wrongVariables(environment)), ...file.issues];
  return { options, issues };
}

/** A folder is the base; a file is the entry, and the base is where it was started. */
function placeOf(target: string | undefined, folder: string, cwd: string): Record<string, unknown> {
  if (target === undefined) return {};
  const path = resolve(cwd, target);
  return isFolder(path) ? { baseDir: path } : { baseDir: folder, entry: path };
}

/** Paths in a file are relative to its folder, wherever the command was typed. */
function relativeTo(folder: string, options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const isPath = (key: string) => ['pidFile', 'httpsKey', 'httpsCert', 'baseDir', 'logDir'].includes(key);
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key, isPath(key) && typeof value === 'string' && !isAbsolute(value) ? resolve(folder, value) : value]),
  );
}

interface FromEnvironment {
  readonly options: Readonly<Record<string, unknown>>;
  readonly names: ReadonlyMap<string, string>;
}

/** APP_CLUSTER_<NAME>, or one of the option's own variables. */
function fromEnvironment(): FromEnvironment {
  const options: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const option of OPTIONS.filter(({ flag, name }) => flag !== undefined && name !== 'setEnv')) {
    const candidates = [`APP_CLUSTER_${option.name.replace(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`, ...(option.variables ?? [])];
    const name = candidates.find(candidate => variable(candidate) !== undefined);
    if (name === undefined || isPathAsPort(name)) continue;
    options[option.name] = parsedVariable(option, variable(name) ?? '');
    names.set(option.name, name);
  }
  return { options, names };
}

/** PORT may hold the path of a UNIX socket: the program's own business. */
function isPathAsPort(name: string): boolean {
  return name === 'PORT' && /[\\/]/.test(variable(name) ?? '');
}

function parsedVariable({ type, repeatable }: OptionFacts, text: string): unknown {
  if (type === 'boolean') return /^(1|true)$/i.test(text) ? true : /^(0|false)$/i.test(text) ? false : text;
  return repeatable ? [text] : text;
}

async function wrongFlags(flags: Readonly<Record<string, unknown>>): Promise<Issue[]> {
  const issues = optionIssues(flags);
  return issues.map(({ path, message, got }) => {
    const [name = path, ...key] = path.split('.');
    const flag = OPTIONS.find(option => option.name === name)?.flag;
    const label = flag === undefined ? path : [flagName(flag), ...key].join(' ');
    return { kind: 'usage', message: key.length > 0 && got === null ? `${label}: should be KEY=VALUE` : `${label}: ${message}, got ${show(got, path)}` };
  });
}

async function wrongVariables({ options, names }: FromEnvironment): Promise<Issue[]> {
  const issues = optionIssues(options);
  return issues.map(({ path, message, got }) => ({ kind: 'usage', message: `${names.get(path) ?? path} (environment): ${message}, got ${show(got, path)}` }));
}

/** One spelling of each duration: the strongest source's. Wrong ones are reported elsewhere. */
function canonical(merged: Record<string, unknown>, strongestFirst: readonly Readonly<Record<string, unknown>>[]): ClusterOptions {
  const options = { ...merged };
  for (const [text, ms] of TWINS) {
    const source = strongestFirst.find(candidate => candidate[text] !== undefined || candidate[ms] !== undefined) ?? merged;
    const value = source[ms] ?? (typeof source[text] === 'string' ? durationMs(source[text]) : undefined);
    delete options[text];
    if (value !== undefined) options[ms] = value;
  }
  return options as ClusterOptions;
}
