// Looks at the files of a project. Nothing here writes.

import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';

export interface PackageFacts {
  readonly name?: string;
  readonly version?: string;
  readonly main?: string;
  readonly egg?: { readonly framework?: string };
  readonly appCluster?: Readonly<Record<string, unknown>>;
}

/** Undefined when there is none. Throws when it is no JSON object. */
export function readPackage(folder: string): PackageFacts | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const facts = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, '')) as unknown;
  if (typeof facts !== 'object' || facts === null) throw new TypeError('it is not an object');
  return facts;
}

export const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();
export const isFolder = (path: string): boolean => existsSync(path) && statSync(path).isDirectory();
export const exists = existsSync;
export const realPath = (path: string): string => realpathSync(path);
export const readText = (path: string): string => readFileSync(path, 'utf8');

/** Undefined when it can be read, else the system's reason: ENOENT, EACCES, EISDIR. */
export function whyUnreadable(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isDirectory() ? 'EISDIR' : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** The folder of an installed package as seen from `folder`, even where its `exports` hide it. */
export function installedPackage(name: string, folder: string): string | undefined {
  const paths = createRequire(pathToFileURL(join(folder, '-'))).resolve.paths(name) ?? [];
  return paths.map(path => join(path, name)).find(candidate => existsSync(join(candidate, 'package.json')));
}

/** Lines of KEY=VALUE, quotes and comments as dotenv has them. */
export function parseEnvironmentFile(text: string): Record<string, string> {
  return Object.fromEntries(Object.entries(parseEnv(text)).map(([key, value]) => [key, String(value)]));
}
