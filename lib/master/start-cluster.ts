// The door for programs: `startCluster(options)`, as egg-cluster has it, with a handle.

import { ClusterError, messageOf } from '../errors.js';
import type { ClusterEvent } from '../protocol/events.js';
import { type ClusterOptions, type Issue, isOptionName, issuesError, issuesOf, nearestOption } from '../protocol/options.js';
import { exitProcess } from '../system/environment.js';
import type { Cluster } from './cluster.js';
import { resolveSettings } from './resolve-settings.js';
import { exitCodeOfStop, obeySignals, prepareCluster } from './run.js';

/** The known options, and any others. */
export type StartOptions = ClusterOptions & Record<string, unknown>;
type Callback = (error?: Error, cluster?: Cluster) => void;

/**
 * Starts an agent and app workers; resolves when all are ready. Unknown keys reach `Agent` and `Application` untouched.
 *
 * Unless `ownProcess: false`, this process becomes the master for good, as with egg-cluster: SIGTERM, SIGINT and SIGQUIT
 * stop the cluster and end the process with 0, a failed start and a cluster that is lost end it with 1.
 * Wrong options reject with ERR_INVALID_OPTIONS or ERR_INVALID_CONFIG; with a callback they go there, and nothing rejects.
 */
export function startCluster(options?: StartOptions | null): Promise<Cluster>;
export function startCluster(options: StartOptions | null | undefined, callback: Callback): void;
export function startCluster(options?: StartOptions | null, callback?: Callback): Promise<Cluster> | undefined {
  const starting = start(options ?? {});
  if (callback === undefined) return starting;
  starting.then(
    cluster => callback(undefined, cluster),
    (error: Error) => callback(error),
  );
  return undefined;
}

async function start(given: StartOptions): Promise<Cluster> {
  const options = eggDefaults(given);
  const issues: Issue[] = (await issuesOf(options)).map(({ path, message, got }) => ({ kind: 'usage', message: `${path}: ${message}, got ${show(got)}` }));
  if (issues.length > 0) throw issuesError(issues);
  const settings = resolveSettings(options, 'call');
  const cluster = await prepareCluster(settings, suspicionsOf(options));
  return options.ownProcess === false ? cluster.start() : own(cluster);
}

/** The end of the cluster is the end of the process. */
async function own(cluster: Cluster): Promise<Cluster> {
  obeySignals(cluster);
  let isLost = false;
  cluster.on('cluster-lost', () => {
    isLost = true;
  });
  void cluster.stopped.then(report => {
    if (cluster.wasStarted || cluster.wasTold) exitProcess(isLost ? 1 : exitCodeOfStop(report));
  });
  try {
    return await cluster.start();
  } catch (error) {
    if (!cluster.wasTold) exitProcess(error instanceof ClusterError && error.kind === 'configuration' && error.code === 'ERR_START_FAILED' ? 78 : 1);
    throw error;
  }
}

/** egg-cluster: null and undefined mean "not given", and so do 0 workers and port 0. */
function eggDefaults(given: StartOptions): StartOptions {
  const meansUnset = (key: string, value: unknown) =>
    value === undefined || value === null || ((key === 'workers' || key === 'port') && (value === 0 || value === '0'));
  return Object.fromEntries(Object.entries(given).filter(([key, value]) => !meansUnset(key, value)));
}

function suspicionsOf(options: StartOptions): ClusterEvent[] {
  return Object.keys(options).flatMap(key => {
    const meant = isOptionName(key) ? undefined : nearestOption(key);
    return meant === undefined ? [] : [{ type: 'option-suspected' as const, key, meant }];
  });
}

export function show(value: unknown): string {
  try {
    return JSON.stringify(value)?.slice(0, 200) ?? String(value);
  } catch (error) {
    return messageOf(error);
  }
}
