// The configuration file: finds it, reads it, and says in which line it is wrong.

import { dirname, join, resolve } from 'node:path';
import { type Issue, isOptionName, nearestOption } from '../protocol/options.js';
import { optionIssues } from '../system/option-issues.js';
import { isFile, readPackage } from '../system/project-files.js';
import { loadStructured, type Where } from '../system/structured-file.js';
import { show } from './show.js';

const EXTENSIONS = ['js', 'mjs', 'ts', 'json', 'yaml', 'yml'];

export interface ConfigFile {
  readonly options: Readonly<Record<string, unknown>>;
  readonly issues: readonly Issue[];
}

const NOTHING: ConfigFile = { options: {}, issues: [] };

/** The named file, else app-cluster.config.* in the folder, else its package.json#appCluster. */
export async function readConfig(folder: string, named: string | undefined): Promise<ConfigFile> {
  const file = named === undefined ? EXTENSIONS.map(extension => join(folder, `app-cluster.config.${extension}`)).find(isFile) : resolve(named);
  if (file === undefined) return readFromPackage(folder);
  if (!isFile(file)) return failed(`The configuration file ${file} does not exist.`);
  const loaded = await loadStructured(file);
  return 'message' in loaded ? failed(loaded.message) : check(loaded.value, loaded.where);
}

const failed = (message: string): ConfigFile => ({ options: {}, issues: [{ kind: 'configuration', message }] });

function readFromPackage(folder: string): Promise<ConfigFile> | ConfigFile {
  try {
    const options = readPackage(folder)?.appCluster;
    return options === undefined ? NOTHING : check(options, path => `${join(folder, 'package.json')}#appCluster${path.length > 0 ? `.${path.join('.')}` : ''}`);
  } catch {
    return NOTHING; // A broken package.json is reported where the program is looked for.
  }
}

async function check(value: unknown, where: Where): Promise<ConfigFile> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return failed(`${where([])}: expected an object of options, got ${show(value)}`);
  const options = value as Record<string, unknown>;
  const unknown = Object.keys(options).filter(key => !isOptionName(key));
  const issues = [
    ...unknown.map(key => ({ path: key, text: `unknown option ${show(key)}${suggestion(key)}` })),
    ...optionIssues(options).map(({ path, message, got }) => ({ path, text: `${path}: ${message}, got ${show(got, path)}` })),
  ];
  return { options, issues: issues.map(({ path, text }) => ({ kind: 'configuration', message: `${where(path.split('.'))}: ${text}` })) };
}

function suggestion(key: string): string {
  const meant = nearestOption(key);
  return meant === undefined ? '' : `: did you mean ${show(meant)}?`;
}

/** Where to look for it. */
export function configFolder(target: string | undefined, isFolder: (path: string) => boolean, cwd: string): string {
  if (target === undefined) return cwd;
  const path = resolve(cwd, target);
  return isFolder(path) ? path : isFile(join(cwd, 'package.json')) ? cwd : dirname(path);
}
