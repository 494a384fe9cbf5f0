// The door for programs: `startCluster(options)`, as egg-cluster has it, with a handle.

import { messageOf } from '../errors.js';
import { setExitCode } from '../system/environment.js';
import { printError } from '../system/last-resort.js';
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
export function startCluster(options: StartOptions | null | undefined, callback: Callback): Promise<undefined>;
/** An async function by its looks, too: egg-mock refuses any other. Through the class, so that a framework that patches its prototype is heard. */
export async function startCluster(options?: StartOptions | null, callback?: Callback | null): Promise<Cluster | undefined> {
  if (typeof callback !== 'function') return new Master(options).cluster;
  let cluster: Cluster;
  try {
    cluster = await new Master(options).cluster;
  } catch (error) {
    if (options?.['ownProcess'] !== false) reportFailure(error); // A callback that does not look must not turn a failed start into exit code 0.
    callback(error as Error);
    return undefined;
  }
  callback(undefined, cluster);
  return undefined;
}

function reportFailure(error: unknown): void {
  setExitCode(1);
  printError(`startCluster: ${messageOf(error)}`);
}
