// `up` where a supervisor runs already: it is asked to do the difference.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import type { UpAccount } from '../protocol/service-status.js';
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
  if (ofFile.name !== name)
    throw new ClusterError(
      'ERR_ALREADY_RUNNING',
      `${file} is run already, under the name ${ofFile.name}: two would start everything twice. Use app-cluster up --name ${ofFile.name}.`,
    );
  return (await connect(ofFile.socket)).verbs.up({ names: [...names] });
}

function nameTaken({ name, kind, pid, baseDir }: RegistryEntry, file: string): ClusterError {
  return new ClusterError(
    'ERR_ALREADY_RUNNING',
    `The name ${name} is taken by process ${pid} (${kind} in ${baseDir}). Choose another one for ${file}: --name.`,
  );
}
