// Where the logs of a name are: of what runs, or of what did.

import { ClusterError } from '../errors.js';
import { CURRENT_LOG } from '../protocol/log-line.js';
import { privateFolder } from '../system/private-folder.js';
import { isFile } from '../system/project-files.js';
import { readWhole, writeWhole } from '../system/whole-files.js';
import { findInstance } from './find-instance.js';
import { findService } from './find-service.js';
import { entries, stateFolder } from './registry.js';

export interface LogPlace {
  /** Only what this service of it wrote is meant. */
  readonly service?: string | undefined;
  readonly name: string;
  readonly folder: string;
  /** Undefined: it does not run. */
  readonly socket: string | undefined;
  /** NAME was the pid of one of its processes: only that one is meant. */
  readonly worker: string | undefined;
}

/** Throws ERR_UNKNOWN_NAME when nobody of that name runs or has left anything. */
export function logPlace(name: string | undefined, needsLog = true): LogPlace {
  const place = placeOfService(name, needsLog);
  if (place !== undefined) return place;
  try {
    const { name: found, socket, pid, logs, isRecorded } = findInstance(name);
    if (!isRecorded && needsLog) throw notRecorded(found);
    const isWorker = name !== undefined && name !== found && name !== String(pid);
    return { name: found, folder: logs ?? logFolder(found), socket, worker: isWorker ? name : undefined };
  } catch (error) {
    const isLeft = name !== undefined && (isFile(`${logFolder(name)}/${CURRENT_LOG}`) || isFile(`${stateFolder(name)}/journal.ndjson`));
    if (isLeft && error instanceof ClusterError && error.code === 'ERR_UNKNOWN_NAME')
      return { name, folder: logFolder(name), socket: undefined, worker: undefined };
    throw error;
  }
}

/** A cluster among the services records for itself; what does not run any more is looked for where its supervisor's is. */
function placeOfService(name: string | undefined, needsLog: boolean): LogPlace | undefined {
  const [owner, service] = [name?.slice(0, name.lastIndexOf('/')) ?? '', name?.slice((name?.lastIndexOf('/') ?? 0) + 1)];
  const found = findService(name);
  if (found === undefined && (owner === '' || !isFile(`${logFolder(owner)}/${CURRENT_LOG}`))) return undefined;
  if (entries().some(({ entry, isAlive }) => isAlive && entry.name === name && entry.kind === 'cluster')) return undefined;
  return { ...logPlace(found?.supervisor.name ?? owner, needsLog), service: found?.service ?? service };
}

/** Where it was told to record, or the usual place. */
function logFolder(name: string): string {
  return readWhole(noteFile(name))?.trim() || `${stateFolder(name)}/log`;
}

const noteFile = (name: string) => `${stateFolder(name)}/log-dir`;

/** So that the logs are found when it does not run any more. */
export function noteLogFolder(name: string, folder: string): void {
  privateFolder(stateFolder(name));
  writeWhole(noteFile(name), `${folder}\n`);
}

function notRecorded(name: string): ClusterError {
  return new ClusterError('ERR_NOT_SUPPORTED', `${name} records nothing: it was started with --no-log-files, or by startCluster(), whose output is its own.`);
}
