// The door for programs: `startSupervisor(config)`.

import { basename, resolve } from 'node:path';
import { type InstanceOptions, instanceOptions } from '../instance/instance-options.js';
import { type ClusterOptions, issuesError } from '../protocol/options.js';
import type { ServicesFile } from '../protocol/services.schema.js';
import { currentDirectory } from '../system/environment.js';
import { realPath } from '../system/project-files.js';
import { findServicesFile, readServicesFile, readServicesObject } from './config/services-file.js';
import { SupervisorHandle } from './handle.js';
import { Supervising } from './supervising.js';
import { supervisorName } from './up-settings.js';

export interface StartSupervisorOptions extends Pick<ClusterOptions, 'logDir' | 'logFiles' | 'logMaxSize' | 'logKeep' | 'logTotalSize' | 'admin'> {
  /** Default: the name of the folder. It must be free. */
  readonly name?: string;
  /** Where relative paths of a configuration object start. Default: the current one. */
  readonly folder?: string;
  /** False: nothing is started but what is asked for. Default: true, what is wanted up. */
  readonly up?: boolean;
}

/**
 * A supervisor of many services in this process, steered by its handle and from any terminal. Resolves when what is wanted up is ready or
 * has failed. It listens to no signals: call `stop()` at the end of your own.
 * @param config a services file, its folder, or what such a file says
 * @throws {ClusterError} ERR_INVALID_CONFIG, ERR_INVALID_OPTIONS with everything that is wrong, ERR_ALREADY_RUNNING when the name is taken
 */
export async function startSupervisor(config: string | ServicesFile, options: StartSupervisorOptions = {}): Promise<SupervisorHandle> {
  const { name, folder = currentDirectory(), up = true, ...rest } = options;
  const file = typeof config === 'string' ? realPath(findServicesFile(config, currentDirectory())) : undefined;
  const services = file === undefined ? await readServicesObject(config, resolve(folder)) : await readServicesFile(file);
  const named = file === undefined ? (name ?? basename(resolve(folder))) : supervisorName(file, name);
  const supervising = new Supervising({ config: services, name: named, ...instanceOf(rest as ClusterOptions), isOwnProcess: false });
  await supervising.open();
  if (up) await supervising.up();
  return new SupervisorHandle(supervising, supervising.channels);
}

function instanceOf(options: ClusterOptions): Pick<InstanceOptions, 'logs' | 'admin'> {
  const issues: Parameters<typeof instanceOptions>[2] = [];
  const { logs, admin } = instanceOptions(options, 'command', issues);
  if (issues.length > 0) throw issuesError(issues);
  return { logs, admin };
}
