// The configuration file: finds it, reads it, and says in which line it is wrong.

import { dirname, extname, join, resolve } from 'node:path';
import type { Document, LineCounter } from 'yaml';
import { messageOf } from '../errors.js';
import { type Issue, isOptionName, nearestOption } from '../protocol/options.js';
import { runsTypeScript } from '../system/environment.js';
import { loadFresh } from '../system/load-module.js';
import { optionIssues } from '../system/option-issues.js';
import { isFile, readPackage, readText } from '../system/project-files.js';
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
  const loaded = await load(file);
  return 'message' in loaded ? failed(loaded.message) : check(loaded.value, loaded.where);
}

type Where = (path: readonly string[]) => string;
type Loaded = { readonly value: unknown; readonly where: Where } | { readonly message: string };

const failed = (message: string): ConfigFile => ({ options: {}, issues: [{ kind: 'configuration', message }] });

async function load(file: string): Promise<Loaded> {
  const extension = extname(file).slice(1);
  if (extension === 'json') return loadJson(file);
  if (extension === 'yaml' || extension === 'yml') return loadYaml(file);
  if (/^[mc]?ts$/.test(extension) && !runsTypeScript())
    return { message: `${file}: TypeScript configuration needs Node 22.18 or later; write it as .js or .yaml.` };
  try {
    const { default: exported = undefined, ...rest } = await loadFresh(file).then(asNamespace);
    return { value: await (typeof exported === 'function' ? exported() : (exported ?? rest)), where: () => file };
  } catch (error) {
    const [line] = /^\S+:\d+$/m.exec((error as Error).stack ?? '') ?? [];
    return { message: `${line?.replace('file://', '') ?? file}: ${messageOf(error)}` };
  }
}

function asNamespace(exported: unknown): Record<string, unknown> {
  const isNamespace = typeof exported === 'object' && exported !== null && Object.prototype.toString.call(exported) === '[object Module]';
  return isNamespace ? { ...(exported as object) } : { default: exported };
}

async function loadJson(file: string): Promise<Loaded> {
  const text = readText(file).replace(/^\uFEFF/, '');
  try {
    const value: unknown = JSON.parse(text);
    const { where } = await parseYaml(file, text);
    return { value, where };
  } catch (error) {
    const position = Number(/position (\d+)/.exec(messageOf(error))?.[1] ?? text.length);
    const before = text.slice(0, position).split('\n');
    return { message: `${file}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${messageOf(error)}` };
  }
}

async function loadYaml(file: string): Promise<Loaded> {
  const { document, where } = await parseYaml(file, readText(file));
  const [error] = document.errors;
  if (error === undefined) return { value: document.toJS() ?? {}, where };
  const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 };
  return { message: `${file}:${line}:${col}: ${error.message.split('\n')[0]?.replace(/ at line.*$/, '')}` };
}

async function parseYaml(file: string, text: string): Promise<{ document: Document; where: Where }> {
  const { LineCounter: Lines, parseDocument } = await import('yaml');
  const lineCounter = new Lines();
  const document = parseDocument(text, { lineCounter });
  return { document, where: path => `${file}${lineOf(document, lineCounter, path)}` };
}

function lineOf(document: Document, lines: LineCounter, path: readonly string[]): string {
  const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
  if (node?.range === undefined) return '';
  const { line, col } = lines.linePos(node.range[0]);
  return `:${line}:${col}`;
}

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
