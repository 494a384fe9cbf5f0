// One entry of a services file → a service. Says everything that is wrong with it, and where.

import { resolve } from 'node:path';
import { type ClusterOptions, durationMs, isOptionName, nearestOption } from '../../protocol/options.js';
import { placeholderIssue } from '../../protocol/placeholders.js';
import {
  DEFAULT_PACE,
  DEFAULTS,
  FIRST_AUTO_PORT,
  type Health,
  LAST_PORT,
  type PortWish,
  type Run,
  type ServiceSpec,
  type StopPlan,
} from '../../protocol/service-spec.js';
import type { HealthEntry, ServiceEntry } from '../../protocol/services.schema.js';
import { optionIssues } from '../../system/option-issues.js';

/** Of a cluster: its own limits, and a little for itself to say how it went. */
const CLUSTER_START_MS = 60_000;
const CLUSTER_STOP_MS = 30_000;
const SLACK_MS = 2_000;

export interface EntryIssue {
  /** Below the entry. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** It is the key itself that is wrong, not what stands there. */
  readonly isKey?: true;
}

export interface EntryFacts {
  readonly name: string;
  readonly source: string;
  /** What relative paths start from. */
  readonly folder: string;
}

export interface Described {
  readonly spec: ServiceSpec;
  readonly issues: readonly EntryIssue[];
}

/** The entry fits the schema. */
export function specOf(entry: ServiceEntry, { name, source, folder }: EntryFacts): Described {
  const cwd = resolve(folder, entry.cwd ?? '.');
  const port = portOf(entry.port);
  const { args = [], exec = '' } = entry;
  const run: Run =
    entry.cluster === undefined
      ? { kind: 'program', exec: exec.includes('/') ? resolve(folder, exec) : exec, args }
      : { kind: 'cluster', options: entry.cluster as ClusterOptions };
  const { when, ...restart } = DEFAULTS.restart;
  const spec: ServiceSpec = {
    ...DEFAULTS,
    name,
    source,
    run,
    cwd,
    home: cwd,
    port,
    host: entry.host ?? DEFAULTS.host,
    health: healthOf(entry.health, run, port),
    dependsOn: entry.dependsOn ?? {},
    env: Object.fromEntries(Object.entries(entry.env ?? {}).map(([key, value]) => [key, String(value)])),
    envFiles: [entry.envFile ?? []].flat().map(file => resolve(folder, file)),
    restart: {
      when: entry.restart?.policy ?? when,
      maxFailures: entry.restart?.maxFailures ?? restart.maxFailures,
      firstMs: msOf(entry.restart?.delays?.first, restart.firstMs),
      longestMs: msOf(entry.restart?.delays?.longest, restart.longestMs),
    },
    stop: stopOf(entry, run),
    desired: entry.desired ?? DEFAULTS.desired,
    isRecorded: entry.logs ?? DEFAULTS.isRecorded,
    user: entry.user,
    pidFile: entry.pidFile === undefined ? undefined : resolve(folder, entry.pidFile),
    register: entry.register && { ...entry.register, instanceId: entry.register.instanceId },
  };
  return { spec, issues: [...contradictions(entry, spec), ...clusterIssues(entry), ...textIssues(entry, spec)] };
}

const msOf = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : durationMs(text));

function portOf(wish: ServiceEntry['port']): PortWish | undefined {
  if (wish === undefined) return undefined;
  if (typeof wish === 'number') return { from: wish, to: wish, isFixed: true };
  const { from, to = LAST_PORT } = wish === 'auto' ? { from: FIRST_AUTO_PORT } : wish;
  return { from, to, isFixed: false };
}

interface Question extends Partial<Record<'interval' | 'timeout' | 'startTimeout' | 'http', string | undefined>> {
  readonly failures?: number | undefined;
  readonly tcp?: true;
  readonly exec?: readonly string[];
}

const questionOf = (entry: HealthEntry | undefined): Question => (typeof entry === 'object' ? entry : {});

/** What is asked where nothing is said depends on what there is to ask. */
export function healthOf(entry: HealthEntry | undefined, run: Pick<Run, 'kind'>, port: PortWish | undefined): Health {
  const isCluster = run.kind === 'cluster';
  const pace = questionOf(entry);
  const given = {
    intervalMs: msOf(pace.interval, DEFAULT_PACE.intervalMs),
    timeoutMs: msOf(pace.timeout, DEFAULT_PACE.timeoutMs),
    startTimeoutMs: msOf(pace.startTimeout, isCluster ? CLUSTER_START_MS : DEFAULT_PACE.startTimeoutMs),
    failures: pace.failures ?? DEFAULT_PACE.failures,
  };
  if (entry === 'none') return { kind: 'none', ...given };
  if (pace.http !== undefined) return { kind: 'http', target: pace.http, ...given };
  if (pace.exec !== undefined) return { kind: 'exec', command: pace.exec, ...given };
  if (pace.tcp) return { kind: 'tcp', ...given };
  return { kind: isCluster ? 'control' : port === undefined ? 'none' : 'tcp', ...given };
}

function stopOf({ stop, cluster }: ServiceEntry, run: Run): StopPlan {
  const { command, signal = DEFAULTS.stop.signal, timeout } = stop ?? {};
  const own = run.kind === 'cluster' ? msOf((cluster as ClusterOptions).stopTimeout, CLUSTER_STOP_MS) + SLACK_MS : DEFAULTS.stop.timeoutMs;
  return { command, signal: signal as StopPlan['signal'], timeoutMs: msOf(timeout, own) };
}

function contradictions(entry: ServiceEntry, { health, port }: ServiceSpec): EntryIssue[] {
  const issues: EntryIssue[] = [];
  const say = (path: string[], message: string) => void issues.push({ path, message });
  if (entry.exec === undefined && entry.cluster === undefined) say([], 'needs exec (a program) or cluster (options of start)');
  if (entry.exec !== undefined && entry.cluster !== undefined) say(['cluster'], 'exec and cluster exclude each other: leave one out');
  if (entry.cluster !== undefined && entry.args !== undefined) say(['args'], 'args are for exec; a cluster has options');
  if (port !== undefined && port.from > port.to) say(['port'], `from ${port.from} is beyond to ${port.to}`);
  if (health.kind === 'tcp' && port === undefined) say(['health'], 'tcp needs a port: port: 8080, or port: auto');
  if (health.kind === 'http' && health.target.startsWith('/') && port === undefined)
    say(['health'], 'http with a path needs a port: port: 8080, or port: auto');
  if (health.kind === 'http' && !/^(?:\/|https?:\/\/)/.test(health.target)) say(['health', 'http'], 'should be a path (/health) or a URL (http://…)');
  if (entry.register !== undefined && port === undefined) say(['register'], 'only a service with a port can be registered');
  if (entry.register !== undefined && !URL.canParse(entry.register.eureka)) say(['register', 'eureka'], 'should be a URL (http://127.0.0.1:8761/eureka)');
  return issues;
}

/** Options of `start`, checked as there. */
function clusterIssues({ cluster, port }: ServiceEntry): EntryIssue[] {
  if (cluster === undefined) return [];
  const unknown = Object.keys(cluster).filter(key => !isOptionName(key));
  const twice = port !== undefined && cluster['port'] !== undefined ? [{ path: ['cluster', 'port'], message: 'the port stands beside cluster already' }] : [];
  return [
    ...twice,
    ...unknown.map(key => ({ path: ['cluster', key], message: `unknown option ${JSON.stringify(key)} of start${suggestionFor(key)}`, isKey: true as const })),
    ...optionIssues(cluster).map(({ path, message }) => ({ path: ['cluster', ...path.split('.')], message })),
  ];
}

function suggestionFor(key: string): string {
  const meant = nearestOption(key);
  return meant === undefined ? '' : `: did you mean ${JSON.stringify(meant)}?`;
}

function textIssues(entry: ServiceEntry, { port }: ServiceSpec): EntryIssue[] {
  const health = questionOf(entry.health);
  const texts: [path: (string | number)[], text: string][] = [
    ...(entry.args ?? []).map((text, index): [(string | number)[], string] => [['args', index], text]),
    ...Object.entries(entry.env ?? {}).map(([key, value]): [(string | number)[], string] => [['env', key], String(value)]),
    ...(entry.stop?.command ?? []).map((text, index): [(string | number)[], string] => [['stop', 'command', index], text]),
    ...(health.http === undefined ? [] : [[['health', 'http'], health.http] as [(string | number)[], string]]),
    ...(health.exec ?? []).map((text, index): [(string | number)[], string] => [['health', 'exec', index], text]),
  ];
  return texts.flatMap(([path, text]) => {
    const message = placeholderIssue(text, port !== undefined);
    return message === undefined ? [] : [{ path, message }];
  });
}
