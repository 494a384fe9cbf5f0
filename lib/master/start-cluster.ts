// The door for programs: `startCluster(options)`, as egg-cluster has it, with a handle.

import type { StartOptions } from './call-options.js';
import type { Cluster } from './cluster.js';
import { Master } from './master.js';

export type { StartOptions };

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
  const starting = start(options);
  if (callback === undefined) return starting;
  starting.then(
    cluster => callback(undefined, cluster),
    (error: Error) => callback(error),
  );
  return undefined;
}

/** Through the class, so that a framework that patches its prototype is heard. */
async function start(options: StartOptions | null | undefined): Promise<Cluster> {
  return new Master(options).cluster;
}
