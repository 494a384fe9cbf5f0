// A service's own configuration, YAML or JSON: reads a value at a key path, and writes one without touching anything else in the file.

import { extname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { ClusterError, messageOf } from '../errors.js';
import type { OwnConfig } from '../protocol/service-spec.js';
import { ConfigText, type Path, type Value, type Yaml } from './config-splice.js';
import { parseJson } from './json-fault.js';
import { readText } from './project-files.js';
import { replaceWhole } from './whole-files.js';

export interface ConfigChange {
  /** By key path: `server.port`. */
  readonly values: Readonly<Record<string, Value>>;
  /** Removed where they hold a single value, and neither are nor contain one of the paths above. */
  readonly staleKeys: readonly string[];
}

export type Format = 'json' | 'yaml';
export type ReadConfig = { readonly config: unknown } | { readonly problem: string };

/** Never rejects. */
export async function readConfig(file: string): Promise<ReadConfig> {
  try {
    return { config: parsed(textOf(file), formatOf(file), await import('yaml')) };
  } catch (error) {
    return { problem: whatIsWrong(error) };
  }
}

/** Undefined: there is nothing at this key path. */
export function valueAt(config: unknown, key: string): unknown {
  return pathOf(key).reduce<unknown>((inner, part) => (isObject(inner) && hasPart(inner, part) ? inner[part] : undefined), config);
}

/**
 * False: it says so already, and is not written. A file that is missing is made.
 * Throws ERR_INVALID_CONFIG when it cannot be parsed, edited or written; the file is then what it was.
 */
export async function writeConfig(file: string, change: ConfigChange): Promise<boolean> {
  const [before, yaml] = [textIfAny(file), await import('yaml')];
  const after = attempt(file, 'changed', () => edited(before ?? emptyText(file), formatOf(file), change, yaml));
  if (after === before) return false;
  attempt(file, 'written', () => replaceWhole(file, after));
  return true;
}

/** The same for where a service listens. */
export function writeAddress(
  { file, portKey, hostKey, staleKeys }: OwnConfig,
  { port, host }: { readonly port: number; readonly host: string },
): Promise<boolean> {
  return writeConfig(file, { values: { [portKey]: port, [hostKey]: host }, staleKeys });
}

/** Throws a sentence. */
export function edited(text: string, format: Format, { values, staleKeys }: ConfigChange, yaml: Yaml): string {
  const [bom = ''] = /^\uFEFF/.exec(text) ?? [];
  const keys = Object.keys(values);
  const stale = staleKeys.filter(key => !keys.some(other => other === key || other.startsWith(`${key}.`)));
  let result = text.slice(bom.length);
  for (const [key, value] of Object.entries(values)) result = withValue(result, format, key, value, yaml);
  for (const key of stale) result = without(result, format, key, yaml);
  return bom + result;
}

function withValue(text: string, format: Format, key: string, value: Value, yaml: Yaml): string {
  const config = parsed(text, format, yaml);
  const current = valueAt(config, key);
  if (current === value || (typeof value === 'number' && current === String(value))) return text;
  if (isObject(current)) throw new Error(`${key} holds more than one value: is this the right key?`);
  const path = pathOf(key);
  return checked(text, format, put(config, path, value, key), yaml, {
    splice: place => place.set(path, value),
    rewrite: document => document.setIn(path, value),
  });
}

function without(text: string, format: Format, key: string, yaml: Yaml): string {
  const config = parsed(text, format, yaml);
  const current = valueAt(config, key);
  if (current === undefined || isObject(current)) return text;
  const path = pathOf(key);
  return checked(text, format, drop(config, path), yaml, { splice: place => place.remove(path), rewrite: document => document.deleteIn(path) });
}

type Document = ReturnType<Yaml['parseDocument']>;
interface Ways {
  readonly splice: (text: ConfigText) => string | undefined;
  /** Keeps values, comments and order, but not every blank. */
  readonly rewrite: (document: Document) => void;
}

/** Whichever way first leads to what is wanted, and to nothing else. */
function checked(text: string, format: Format, wanted: unknown, yaml: Yaml, { splice, rewrite }: Ways): string {
  const says = (result: string): boolean => {
    try {
      return isDeepStrictEqual(parsed(result, format, yaml), wanted);
    } catch {
      return false;
    }
  };
  const document = yaml.parseDocument(text, YAML_OPTIONS);
  const spliced = document.errors.length > 0 ? undefined : splice(new ConfigText(text, format === 'json', document, yaml));
  if (spliced !== undefined && says(spliced)) return spliced;
  const rewritten = format === 'json' ? indentedLike(text, wanted) : rewrittenBy(document, rewrite);
  if (rewritten !== undefined && says(rewritten)) return rewritten;
  throw new Error('the value cannot be changed without changing others: it is shared by an anchor');
}

function indentedLike(text: string, value: unknown): string {
  const indent = text.trim().includes('\n') ? (/^[ \t]+(?=\S)/m.exec(text)?.[0] ?? '  ') : undefined;
  return `${JSON.stringify(value, null, indent)}${/\s*$/.exec(text)?.[0] ?? ''}`;
}

/** Undefined: there is an alias on the way. */
function rewrittenBy(document: Document, rewrite: Ways['rewrite']): string | undefined {
  try {
    rewrite(document);
    return document.toString({ lineWidth: 0 });
  } catch {
    return undefined;
  }
}

/** `<<` is read as most people mean it. */
const YAML_OPTIONS = { merge: true } as const;

function parsed(text: string, format: Format, { parseDocument }: Yaml): unknown {
  const bare = text.replace(/^\uFEFF/, '');
  if (format === 'json') return parseJson(bare);
  const document = parseDocument(bare, YAML_OPTIONS);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(error.message.split('\n')[0]?.replace(/:$/, ''));
  return document.toJS() as unknown;
}

const pathOf = (key: string): string[] => key.split('.');
const formatOf = (file: string): Format => (extname(file).toLowerCase() === '.json' ? 'json' : 'yaml');
const emptyText = (file: string) => (formatOf(file) === 'json' ? '{}\n' : '');
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Of a list only its items. */
const hasPart = (value: object, part: string) => Object.hasOwn(value, part) && (!Array.isArray(value) || /^\d+$/.test(part));

/** A copy. What is nothing becomes a mapping. */
function put(config: unknown, [key = '', ...rest]: Path, value: Value, whole: string): unknown {
  const above = config ?? {};
  if (!isObject(above)) throw new Error(`${whole} has no place: what is above ${key} is a single value`);
  const inner = hasPart(above, key) ? above[key] : undefined;
  const next = rest.length === 0 ? value : put(inner, rest, value, whole);
  if (!Array.isArray(above)) return { ...above, [key]: next };
  if (inner === undefined) throw new Error(`${whole} has no place: the list has no item ${key}`);
  return above.with(Number(key), next);
}

function drop(config: unknown, [key = '', ...rest]: Path): unknown {
  if (Array.isArray(config)) return rest.length === 0 ? config.toSpliced(Number(key), 1) : config.with(Number(key), drop(config[Number(key)], rest));
  const { [key]: inner, ...others } = config as Record<string, unknown>;
  return rest.length === 0 ? others : { ...(config as object), [key]: drop(inner, rest) };
}

function textOf(file: string): string {
  const text = textIfAny(file);
  if (text === undefined) throw new Error('there is no such file');
  return text;
}

function textIfAny(file: string): string | undefined {
  try {
    return readText(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
}

type Act = 'read' | 'changed' | 'written';

function attempt<T>(file: string, act: Act, what: () => T): T {
  try {
    return what();
  } catch (error) {
    throw unusable(file, act, error);
  }
}

function unusable(file: string, act: Act, cause: unknown): ClusterError {
  const kind = act === 'changed' ? 'configuration' : 'environment';
  return new ClusterError('ERR_INVALID_CONFIG', `The configuration ${file} cannot be ${act}: ${messageOf(cause)}.`, { cause, kind, details: { file } });
}

const whatIsWrong = (error: unknown): string => messageOf(error instanceof ClusterError ? error.cause : error);
