// A PM2 ecosystem file, already loaded, as options of app-cluster, and notes on whatever has none. PM2's keys: its documentation
// ("Ecosystem File", "Application Declaration").

import { ClusterError } from '../../errors.js';
import { type ClusterOptions, type Issue, issuesError } from '../../protocol/options.js';
import { canonicalKey, type Pm2Keys, remarkOn } from './pm2-keys.js';
import { RULES, TRANSLATED } from './pm2-rules.js';
import { isRecord, readText, shown } from './pm2-values.js';

export interface TranslatedApp {
  readonly name: string;
  readonly options: Partial<ClusterOptions>;
  /** What has no option, each a sentence that begins with PM2's key. */
  readonly notes: readonly string[];
}

export interface TranslatedEcosystem {
  readonly apps: readonly TranslatedApp[];
}

interface App {
  readonly name: string;
  /** Where it stands, for messages. */
  readonly label: string;
  readonly keys: Pm2Keys;
}

/** In a file they are an attack or an accident. */
const PROTOTYPE_KEYS = ['__proto__', 'constructor', 'prototype'];

/**
 * Throws one ClusterError that lists everything that is wrong.
 * @param ecosystem `{ apps: […] }`, a list of apps, or one app
 * @param appName only this one of them
 */
export function fromPm2(ecosystem: unknown, appName?: string): TranslatedEcosystem {
  const apps = listOf(ecosystem).map(readApp);
  const wanted = apps.filter(({ name }) => appName === undefined || name === appName);
  if (wanted.length === 0) throw noSuchApp(appName ?? '', apps);
  const translated = wanted.map(translate);
  const issues = translated.flatMap(app => app.issues);
  if (issues.length > 0) throw issuesError(issues);
  const [first, ...others] = translated.map(({ name, options, notes }) => ({ name, options, notes }));
  return { apps: first === undefined ? [] : [{ ...first, notes: [...first.notes, ...notesBeside(ecosystem)] }, ...others] };
}

const invalid = (message: string) => new ClusterError('ERR_INVALID_CONFIG', message);

function listOf(ecosystem: unknown): readonly unknown[] {
  const isSingle = isRecord(ecosystem) && !Object.hasOwn(ecosystem, 'apps');
  if (isRecord(ecosystem)) refusePrototypeKeys('The PM2 ecosystem', ecosystem);
  const apps = isRecord(ecosystem) && !isSingle ? ecosystem['apps'] : ecosystem;
  const list = isRecord(apps) ? [apps] : apps;
  if (!Array.isArray(list)) throw invalid(`The PM2 ecosystem should be { apps: [...] }, a list of apps or one app, got ${shown(list)}: export one of these.`);
  if (list.length === 0) throw invalid('The PM2 ecosystem has an empty list of apps: add one with a script.');
  return list;
}

function readApp(app: unknown, index: number): App {
  if (!isRecord(app)) throw invalid(`apps[${index}] should be an object with a script, got ${shown(app)}.`);
  refusePrototypeKeys(`apps[${index}]`, app);
  const entries = Object.entries(app).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const keys = new Map(entries.map(([key, value]) => [canonicalKey(key), value]));
  for (const [key, value] of entries) if (/^env(_|$)/.test(key) && isRecord(value)) refusePrototypeKeys(`apps[${index}].${key}`, value);
  if (!keys.has('script'))
    throw invalid(`apps[${index}] has no script, only ${[...keys.keys()].join(', ') || 'nothing'}: add the file to run, as script: 'server.js'.`);
  const name = nameOf(keys);
  return { name, label: `apps[${index}] (${shown(name)})`, keys };
}

function refusePrototypeKeys(where: string, value: Readonly<Record<string, unknown>>): void {
  const found = PROTOTYPE_KEYS.find(key => Object.hasOwn(value, key));
  if (found !== undefined) throw invalid(`${where} has the key ${found}, which cannot be the name of anything: remove it.`);
}

/** PM2's own default: the script's name without its extension. */
function nameOf(keys: Pm2Keys): string {
  const given = readText(keys.get('name'));
  if ('value' in given) return given.value;
  const script = readText(keys.get('script'));
  const file = ('value' in script ? script.value : '').split(/[\\/]/).at(-1) ?? '';
  return file.replace(/(?<=.)\.\w+$/, '') || 'app';
}

function noSuchApp(appName: string, apps: readonly App[]): ClusterError {
  return invalid(`The PM2 ecosystem has no app named ${shown(appName)}: name one of ${apps.map(({ name }) => shown(name)).join(', ')}.`);
}

function translate({ name, label, keys }: App): TranslatedApp & { readonly issues: readonly Issue[] } {
  const results = RULES.map(rule => rule(keys));
  const issues = [...nameIssues(keys), ...results.flatMap(result => result.issues ?? [])];
  const remarks = [...keys].filter(([key]) => !TRANSLATED.has(key) && !key.startsWith('env_')).flatMap(([key, value]) => remarkOn(key, value) ?? []);
  return {
    name,
    options: Object.assign({ name }, ...results.map(result => result.options ?? {})) as Partial<ClusterOptions>,
    notes: [...results.flatMap(result => result.notes ?? []), ...remarks],
    issues: issues.map(issue => ({ kind: 'configuration', message: `${label}: ${issue}` })),
  };
}

function nameIssues(keys: Pm2Keys): string[] {
  const name = keys.get('name');
  return name === undefined || 'value' in readText(name) ? [] : [`name: should be a text, got ${shown(name)}`];
}

/** Keys beside apps, such as deploy. */
function notesBeside(ecosystem: unknown): string[] {
  if (!isRecord(ecosystem) || !Object.hasOwn(ecosystem, 'apps')) return [];
  const others = Object.keys(ecosystem).filter(key => key !== 'apps');
  return others.map(key => `${key}: stands beside apps, has no counterpart here and is left out`);
}
