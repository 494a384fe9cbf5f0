// Row S1: every manifest.json below a folder describes a micro-service. A bad one is listed as invalid, and the others go on.

import { basename, dirname, relative, resolve } from 'node:path';
import { messageOf } from '../../errors.js';
import { nearestName } from '../../protocol/nearest-name.js';
import { literal } from '../../protocol/placeholders.js';
import { DEFAULT_PACE, DEFAULTS, type InvalidService, SERVICE_NAME, SERVICE_NAME_RULE, type ServiceSpec } from '../../protocol/service-spec.js';
import { filesNamed } from '../../system/find-files.js';
import { parseJson } from '../../system/json-fault.js';
import { isFolder } from '../../system/project-files.js';
import { readTextWithin } from '../../system/whole-files.js';
import type { SourceServices } from './sources.js';

const NAME = 'manifest.json';
/** Existing manifests have it. */
const MISSPELT_ID = 'serivce_id';
const REQUIRED = ['service_id', 'exec', 'health_check'] as const;
const KNOWN = [...REQUIRED, 'args', 'stop'];
const MOST_BYTES = 2 ** 20;

type Manifest = Readonly<Record<string, unknown>>;

export async function manifestServices(path: string, folder: string): Promise<SourceServices> {
  const root = resolve(folder, path);
  if (!isFolder(root)) return { services: [], issues: [`manifests: there is no folder ${root}`] };
  const { files, problems } = filesNamed(NAME, root);
  const services = new Map<string, ServiceSpec>();
  const invalid: InvalidService[] = [];
  const warnings = [...problems];
  for (const file of files) {
    const manifest = read(file);
    const name = nameOf(manifest, file, root);
    const reasons = typeof manifest === 'string' ? [manifest] : issuesOf(manifest);
    const first = services.get(name);
    if (reasons.length === 0 && first !== undefined) reasons.push(`service_id: ${name} is the service of ${first.source} already`);
    if (typeof manifest === 'string' || reasons.length > 0) {
      invalid.push({ name, source: file, reason: reasons.join('; ') });
    } else {
      services.set(name, specOf(manifest, name, file));
      warnings.push(...oddities(manifest).map(text => `${file}: ${text}`));
    }
  }
  return { services: [...services.values()], invalid, warnings };
}

/** A text says what is wrong with the file as a whole. */
function read(file: string): Manifest | string {
  const text = readTextWithin(file, MOST_BYTES);
  if (text === undefined) return `it cannot be read, or has more than ${MOST_BYTES / 2 ** 20} MB`;
  try {
    const value = parseJson(text.replace(/^\uFEFF/, ''));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Manifest) : `it should be an object, got ${nameOfType(value)}`;
  } catch (error) {
    return `it is not JSON: ${messageOf(error)}`;
  }
}

const idOf = (manifest: Manifest): unknown => manifest['service_id'] ?? manifest[MISSPELT_ID];

/** An invalid one has a name too: what it says, or where it is. */
function nameOf(manifest: Manifest | string, file: string, root: string): string {
  const id = typeof manifest === 'string' ? undefined : idOf(manifest);
  return typeof id === 'string' && SERVICE_NAME.test(id) ? id : relative(root, dirname(file)) || basename(root);
}

function issuesOf(manifest: Manifest): string[] {
  const { exec, health_check: url, args, stop } = manifest;
  const id = idOf(manifest);
  const has = { service_id: id, exec, health_check: url };
  const missing = REQUIRED.filter(key => has[key] === undefined).map(key => `${key} is missing${misspelt(manifest, key)}`);
  const wrong: [isWrong: boolean, reason: string][] = [
    [id !== undefined && !isText(id), `service_id should be a text, got ${nameOfType(id)}`],
    [isText(id) && !SERVICE_NAME.test(id), `service_id ${SERVICE_NAME_RULE}`],
    [exec !== undefined && !isText(exec), `exec should be a text, got ${nameOfType(exec)}`],
    [isText(exec) && !/^[^\s\0]+$/.test(exec), 'exec should be one path without spaces; arguments belong into args'],
    [url !== undefined && !isText(url), `health_check should be a text, got ${nameOfType(url)}`],
    [isText(url) && !isWebAddress(url), 'health_check should be a URL (http://127.0.0.1:8080/health)'],
    [args !== undefined && !isTexts(args), 'args should be a list of texts'],
    [stop !== undefined && !(isTexts(stop) && stop[0]), 'stop should be a list of texts: a program and its arguments'],
  ];
  return [...missing, ...wrong.filter(([isWrong]) => isWrong).map(([, reason]) => reason)];
}

const isText = (value: unknown): value is string => typeof value === 'string';
/** A NUL ends a text for the system. */
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(item => isText(item) && !item.includes('\0'));
const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).port !== '0';
const nameOfType = (value: unknown) => (value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`);

function misspelt(manifest: Manifest, key: string): string {
  const meant = Object.keys(manifest).find(other => !KNOWN.includes(other) && nearestName(other, KNOWN) === key);
  return meant === undefined ? '' : ` (${meant} is not ${key})`;
}

function oddities(manifest: Manifest): string[] {
  const hasBoth = manifest['service_id'] !== undefined;
  return Object.keys(manifest).flatMap(key => {
    if (key === MISSPELT_ID) return [hasBoth ? `${MISSPELT_ID} is ignored, there is service_id` : `${MISSPELT_ID} is taken for service_id: correct it`];
    const meant = KNOWN.includes(key) ? undefined : nearestName(key, KNOWN);
    return meant === undefined ? [] : [`${key} is not known: did you mean ${meant}?`];
  });
}

/** Nothing in a manifest is a placeholder: a dollar sign stays one. */
function specOf(manifest: Manifest, name: string, file: string): ServiceSpec {
  const { exec, health_check, args = [], stop } = manifest as { exec: string; health_check: string; args?: string[]; stop?: string[] };
  const cwd = dirname(file);
  const { port, protocol, hostname } = new URL(health_check);
  const number = Number(port) || (protocol === 'https:' ? 443 : 80);
  return {
    ...DEFAULTS,
    name,
    source: file,
    run: { kind: 'program', exec: resolve(cwd, exec), args: args.map(literal) },
    cwd,
    home: cwd,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: { from: number, to: number, isFixed: true },
    health: { ...DEFAULT_PACE, kind: 'http', target: literal(health_check) },
    stop: { ...DEFAULTS.stop, command: stop?.map(literal) },
  };
}
