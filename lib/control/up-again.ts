// `up` where a supervisor runs already: it is asked to do the difference.

import { join } from 'node:path';
import { ClusterError, isClusterError } from '../errors.js';
import { type RegistryEntry, shortHash } from '../protocol/registry-entry.js';
import type { UpAccount } from '../protocol/service-status.js';
import { withFileLockAsync } from '../system/file-lock.js';
import { privateFolder, runRoot } from '../system/private-folder.js';
import { connect } from './connect.js';
import { entries } from './registry.js';

export interface UpQuestion {
  readonly file: string;
  readonly name: string;
  readonly names: readonly string[];
}

/** Undefined: none runs for this file. Throws ERR_ALREADY_RUNNING when the name is another one's, or the file is run under another name. */
export async function applyWhereItRuns({ file, name, names }: UpQuestion): Promise<UpAccount | undefined> {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  const ofFile = running.find(entry => entry.kind === 'supervisor' && entry.file === file);
  const ofName = running.find(entry => entry.name === name);
  if (ofFile === undefined) {
    if (ofName !== undefined) throw nameTaken(ofName, file);
    return undefined;
  }
  if (ofFile.name !== name) throw fileTaken(ofFile, file);
  return (await connect(ofFile.socket)).verbs.up({ names: [...names] });
}

/**
 * Claims a name while nobody else can for this file; a folder that is unsafe, or a disk that is full, costs that, and not the services.
 * Throws ERR_ALREADY_RUNNING when the file is run under another name.
 */
export async function claimFile(file: string | undefined, name: string, claim: () => Promise<void>): Promise<void> {
  if (file === undefined) return claim();
  const alone = async () => {
    const other = entries().find(({ entry, isAlive }) => isAlive && entry.kind === 'supervisor' && entry.file === file && entry.name !== name);
    if (other !== undefined) throw fileTaken(other.entry, file);
    await claim();
  };
  try {
    await withFileLockAsync(join(privateFolder(runRoot()), `${shortHash(file)}.lock`), alone);
  } catch (error) {
    if (isClusterError(error) && error.code === 'ERR_ALREADY_RUNNING') throw error;
    await claim();
  }
}

const fileTaken = ({ name }: RegistryEntry, file: string): ClusterError =>
  new ClusterError(
    'ERR_ALREADY_RUNNING',
    `${file} is run already, under the name ${name}: two would start everything twice. Use app-cluster up --name ${name}.`,
  );

function nameTaken({ name, kind, pid, baseDir }: RegistryEntry, file: string): ClusterError {
  return new ClusterError(
    'ERR_ALREADY_RUNNING',
    `The name ${name} is taken by process ${pid} (${kind} in ${baseDir}). Choose another one for ${file}: --name.`,
  );
}
