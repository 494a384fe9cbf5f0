// Files in which people describe things: YAML, JSON, JavaScript, TypeScript. Reads them, and says in which line they are wrong.

import { extname } from 'node:path';
import type { Document } from 'yaml';
import { messageOf } from '../errors.js';
import { runsTypeScript } from './environment.js';
import { parseJson } from './json-fault.js';
import { loadFresh } from './load-module.js';
import { readText } from './project-files.js';

/** `FILE:LINE:COLUMN` of what stands there, or of its key; of what is around it where it is missing; the file alone where that cannot be told. */
export type Where = (path: readonly (string | number)[], what?: 'key') => string;
export type Loaded = { readonly value: unknown; readonly where: Where } | { readonly message: string };

/** What it says, or in one sentence what is wrong with it. */
export async function loadStructured(file: string): Promise<Loaded> {
  const extension = extname(file).slice(1);
  if (extension === 'json') return loadJson(file).catch(error => ({ message: `${file}: ${messageOf(error)}` }));
  if (extension === 'yaml' || extension === 'yml') return loadYaml(file).catch(error => ({ message: `${file}: ${messageOf(error)}` }));
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
    const value = parseJson(text);
    const { where } = await parseYaml(file, text);
    return { value, where };
  } catch (error) {
    return { message: `${file}:${messageOf(error)}` };
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
  return {
    document,
    where: (path, what) => {
      const place = placeOf(document, path, what === 'key');
      if (place === undefined) return file;
      const { line, col } = lineCounter.linePos(place);
      return `${file}:${line}:${col}`;
    },
  };
}

/** Of a text its own place, of a list or an object its key's, of what is missing that of what is around it. */
function placeOf(document: Document, path: readonly (string | number)[], isKey: boolean): number | undefined {
  const node = document.getIn(path, true) as Placed | undefined;
  const above = document.getIn(path.slice(0, -1), true) as Placed | undefined;
  const key = above?.items?.find(item => item.key !== undefined && String(item.key?.value) === String(path.at(-1)))?.key;
  const [own] = node?.range ?? [];
  const [ofKey] = key?.range ?? [];
  const place = isKey || node?.items !== undefined ? (ofKey ?? own) : (own ?? ofKey);
  return place === undefined && path.length > 0 ? placeOf(document, path.slice(0, -1), false) : place;
}

/** A node of a document, as far as its place is concerned. */
interface Placed {
  readonly range?: readonly [number, number, number] | null;
  readonly value?: unknown;
  readonly items?: readonly { readonly key?: Placed | null }[];
}
