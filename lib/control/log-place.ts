// Where the logs of a name are: of what runs, or of what did.

import { ClusterError } from '../errors.js';
import { CURRENT_LOG } from '../protocol/log-line.js';
import { isFile } from '../system/project-files.js';
import { findInstance } from './find-instance.js';
import { entries, stateFolder } from './registry.js';

export interface LogPlace {
  readonly name: string;
  readonly folder: string;
  /** Undefined: it does not run. */
  readonly socket: string | undefined;
  /** NAME was the pid of one of its processes: only that one is meant. */
  readonly worker: string | undefined;
}

/** Throws ERR_UNKNOWN_NAME when nobody of that name runs or has left anything. */
export function logPlace(name: string | undefined): LogPlace {
  try {
    const { name: found, socket, pid, logs } = findInstance(name);
    const isWorker = name !== undefined && name !== found && name !== String(pid);
    return { name: found, folder: logs ?? logFolder(found), socket, worker: isWorker ? name : undefined };
  } catch (error) {
    const isLeft = name !== undefined && (isFile(`${logFolder(name)}/${CURRENT_LOG}`) || isFile(`${stateFolder(name)}/journal.ndjson`));
    if (isLeft && error instanceof ClusterError && error.code === 'ERR_UNKNOWN_NAME')
      return { name, folder: logFolder(name), socket: undefined, worker: undefined };
    throw error;
  }
}

const logFolder = (name: string) => `${stateFolder(name)}/log`;

export const runningNames = (): readonly string[] => entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry.name] : []));
