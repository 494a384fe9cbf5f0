// Loads user modules, CommonJS or ES, by the rules of the folder they are named from.

import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** A file path, or a package as `baseDir` sees it. Throws when there is none. */
export function resolveModule(specifier: string, baseDir: string): string {
  if (isAbsolute(specifier)) return createRequire(pathToFileURL(join(baseDir, '-'))).resolve(specifier);
  const fromBase = createRequire(pathToFileURL(join(baseDir, '-')));
  try {
    return fromBase.resolve(specifier);
  } catch (error) {
    if (/^[.@\w].*\.[cm]?[jt]s$/.test(specifier)) return fromBase.resolve(resolve(baseDir, specifier)); // `setup.js` as people write it
    throw error;
  }
}

export const fileUrl = (file: string): string => pathToFileURL(file).href;

/** What node's --import needs of an installed package: a URL. */
export function importUrl(folder: string): string {
  const { exports } = readPackage(createRequire(import.meta.url), folder) ?? {};
  const target = entryOf((exports as Record<string, unknown> | undefined)?.['.'] ?? exports);
  return pathToFileURL(target === undefined ? packageEntry(folder) : join(folder, target)).href;
}

export function requireModules(files: readonly string[], baseDir: string): void {
  const require = createRequire(pathToFileURL(join(baseDir, '-')));
  for (const file of files) require(file);
}

/** Like `loadModule`, but without waking the loader of ES modules (10 ms) for a package that is CommonJS. */
export async function loadPackage(folder: string): Promise<Record<string, unknown>> {
  const require = createRequire(import.meta.url);
  const file = packageEntry(folder);
  const isEsModule = file.endsWith('.mjs') || (!file.endsWith('.cjs') && readPackage(require, folder)?.['type'] === 'module');
  return isEsModule ? loadModule(file) : (require(file) as Record<string, unknown>);
}

/** A module that may have changed since it was loaded. What it imports itself is not loaded again. */
export async function loadFresh(file: string): Promise<Record<string, unknown>> {
  delete createRequire(import.meta.url).cache[realpathSync(file)];
  return loadModule(file, `?${++loads}`);
}
let loads = 0;

/**
 * The module's exports: of CommonJS what it assigned, of an ES module its namespace.
 * @param search tells one load from another: Node keeps what it has loaded by its URL
 */
export async function loadModule(file: string, search = ''): Promise<Record<string, unknown>> {
  const namespace = (await import(`${pathToFileURL(file).href}${search}`)) as Record<string, unknown>;
  return 'module.exports' in namespace || isCommonJs(namespace) ? (namespace['default'] as Record<string, unknown>) : namespace;
}

/** Node shows a CommonJS module as a namespace whose default is module.exports. */
function isCommonJs(namespace: Record<string, unknown>): boolean {
  const { default: exported } = namespace;
  if ((typeof exported !== 'object' && typeof exported !== 'function') || exported === null) return false;
  return Object.keys(namespace).every(key => key === 'default' || key === '__esModule' || key in exported);
}

/** Where the conditions of `exports` may lead, best first. */
const CONDITIONS = ['node', 'import', 'module-sync', 'default', 'require'];

/** The file that a package folder (or a file itself) stands for. */
export function packageEntry(folder: string): string {
  const require = createRequire(import.meta.url);
  try {
    return require.resolve(folder); // `main`, or index.js
  } catch (error) {
    const { exports } = readPackage(require, folder) ?? {};
    const target = entryOf((exports as Record<string, unknown> | undefined)?.['.'] ?? exports);
    if (target === undefined) throw error;
    return join(folder, target);
  }
}

function readPackage(require: NodeJS.Require, folder: string): Record<string, unknown> | undefined {
  try {
    return require(join(folder, 'package.json')) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function entryOf(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  for (const condition of CONDITIONS) {
    const target = entryOf((exports as Record<string, unknown>)[condition]);
    if (target !== undefined) return target;
  }
  return undefined;
}
