// Which services there are: the services file (or an object like one), and what its sources add. Lists everything that is wrong at once.

import { dirname, join, resolve } from 'node:path';
import { ClusterError } from '../../errors.js';
import { dependencyIssues } from '../../lifecycle/dependency-order.js';
import { nearestName } from '../../protocol/nearest-name.js';
import { durationMs, type Issue, issuesError } from '../../protocol/options.js';
import { type InvalidService, type ServiceSpec, STOP_ALL_MS, type SupervisorConfig } from '../../protocol/service-spec.js';
import { isServicesFile } from '../../protocol/services.generated.js';
import type { SchemaIssue, ServicesFile } from '../../protocol/services.schema.js';
import { SERVICES_SCHEMA_FILE } from '../../system/entries.js';
import { isFile, isFolder } from '../../system/project-files.js';
import { requirePackage as requireFile } from '../../system/require-package.js';
import { loadStructured, type Where } from '../../system/structured-file.js';
import { servicesOfSource } from '../sources/sources.js';
import { specOf } from './spec-of.js';

const EXTENSIONS = ['yaml', 'yml', 'json', 'js', 'mjs', 'ts'];

/** The named file, or the one in the named folder. Throws ERR_INVALID_OPTIONS. */
export function findServicesFile(named: string | undefined, cwd: string): string {
  const path = resolve(cwd, named ?? '.');
  if (named !== undefined && isFile(path)) return path;
  const found = isFolder(path) ? EXTENSIONS.map(extension => join(path, `app-cluster.services.${extension}`)).find(isFile) : undefined;
  if (found !== undefined) return found;
  const what = named !== undefined && !isFolder(path) ? `There is no ${path}` : `There is no app-cluster.services.{${EXTENSIONS.join(',')}} in ${path}`;
  throw new ClusterError('ERR_INVALID_OPTIONS', `${what}. Name the file: app-cluster up FILE.`);
}

/** Throws ERR_INVALID_CONFIG with every issue, each with file, line and column. */
export async function readServicesFile(file: string): Promise<SupervisorConfig> {
  const loaded = await loadStructured(file);
  if ('message' in loaded) throw issuesError([{ kind: 'configuration', message: loaded.message }]);
  return configOf(loaded.value, { file, folder: dirname(file), where: loaded.where });
}

/** The same from an object: relative paths start from `folder`. Throws ERR_INVALID_OPTIONS. */
export function readServicesObject(value: unknown, folder: string): Promise<SupervisorConfig> {
  return configOf(value, { file: undefined, folder, where: () => 'the configuration' });
}

interface Place {
  readonly file: string | undefined;
  readonly folder: string;
  readonly where: Where;
}

async function configOf(value: unknown, { file, folder, where }: Place): Promise<SupervisorConfig> {
  const kind = file === undefined ? 'usage' : 'configuration';
  const wrong = (path: readonly (string | number)[], message: string, isKey?: true): Issue => {
    return { kind, message: `${where(path, isKey && 'key')}: ${label(path)}${message}` };
  };
  if (!isServicesFile(value))
    throw issuesError(schemaIssues(value).map(issue => wrong(issue.path, `${issue.message}${suggestion(issue)}${got(value, issue)}`, issue.isKey)));
  const { services = {}, sources = [], stopTimeout } = value as ServicesFile;
  const described = Object.entries(services).map(([name, entry]) => {
    const { spec, issues } = specOf(entry, { name, source: where(['services', name], 'key'), folder });
    return { spec, issues: issues.map(({ path, message, isKey }) => wrong(['services', name, ...path], message, isKey)) };
  });
  const found = await Promise.all(sources.map(source => servicesOfSource(source, folder)));
  const all = [...described.map(({ spec }) => spec), ...found.flatMap(({ services: more }) => more)];
  const issues = [
    ...described.flatMap(item => item.issues),
    ...found.flatMap(({ issues: more = [] }, index) => more.map(message => wrong(['sources', index], message))),
    ...sameNames(all).map((message): Issue => ({ kind, message })),
    ...orderIssues(all).map(({ path, message }) => wrong(['services', ...path], message, true)),
  ];
  if (issues.length > 0) throw issuesError(issues);
  const invalid: readonly InvalidService[] = found.flatMap(source => source.invalid ?? []);
  const active = found.map(source => source.active).find(name => name !== undefined);
  return {
    given: value,
    file,
    folder,
    services: all,
    invalid,
    warnings: found.flatMap(source => source.warnings ?? []),
    active,
    stopMs: stopTimeout === undefined ? STOP_ALL_MS : durationMs(stopTimeout),
  };
}

const label = (path: readonly (string | number)[]) => (path.length === 0 ? '' : `${path.join('.')}: `);

function schemaIssues(value: unknown): readonly SchemaIssue[] {
  const found = requireFile<typeof import('../../protocol/services.schema.js')>(SERVICES_SCHEMA_FILE).explainServices(value);
  return found.length > 0 ? found : [{ path: [], message: 'should be an object with services' }];
}

function suggestion({ unknown }: SchemaIssue): string {
  if (unknown === undefined) return '';
  const meant = nearestName(unknown.key, unknown.known);
  return meant === undefined ? (unknown.known.length === 0 ? '' : `; there are ${unknown.known.join(', ')}`) : `: did you mean ${JSON.stringify(meant)}?`;
}

const LONGEST = 100;

/** The value, but of nothing that may be, or hold, a secret. */
function got(value: unknown, { path, isKey }: SchemaIssue): string {
  if (isKey || path.includes('env')) return '';
  const found = path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  );
  if (found === undefined) return path.length === 0 ? '' : ', and is missing';
  if (typeof found === 'object' && found !== null) return Array.isArray(found) ? ', got a list' : ', got an object';
  return `, got ${(JSON.stringify(found) ?? String(found)).slice(0, LONGEST)}`;
}

function sameNames(all: readonly ServiceSpec[]): string[] {
  const first = new Map<string, ServiceSpec>();
  return all.flatMap(spec => {
    const before = first.get(spec.name);
    first.set(spec.name, before ?? spec);
    return before === undefined ? [] : [`${spec.source}: there is a service ${spec.name} already (${before.source}): rename one of them`];
  });
}

interface OrderIssue {
  readonly path: readonly string[];
  readonly message: string;
}

function orderIssues(all: readonly ServiceSpec[]): OrderIssue[] {
  const names = all.map(({ name }) => name);
  return dependencyIssues(all.map(({ name, dependsOn }) => ({ name, dependsOn: Object.keys(dependsOn) }))).map(({ name, unknown, cycle = [] }) => {
    if (unknown === undefined) return { path: [name, 'dependsOn'], message: `a circle: ${cycle.join(' → ')}` };
    const meant = nearestName(unknown, names);
    const hint = meant === undefined ? `; there are ${names.join(', ')}` : `: did you mean ${JSON.stringify(meant)}?`;
    return { path: [name, 'dependsOn', unknown], message: `there is no service ${JSON.stringify(unknown)}${hint}` };
  });
}
