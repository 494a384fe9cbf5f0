// NAME, as people type it → a running instance: its name, its pid, or the pid of one of its workers.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import { markOf } from '../system/instance-mark.js';
import { entries } from './registry.js';

/** Throws ERR_UNKNOWN_NAME, ERR_AMBIGUOUS_NAME with the candidates, ERR_UNSAFE_FOLDER. Without a name: the only one there is. */
export function findInstance(name: string | undefined): RegistryEntry {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  const matches = name === undefined ? outermost(running) : matching(running, name);
  const [first, ...others] = matches;
  if (first !== undefined && others.length === 0) return first;
  const candidates = (others.length > 0 ? matches : running).map(entry => entry.name);
  throw others.length > 0 ? ambiguous(name, candidates) : unknown(name, candidates);
}

/** A cluster among the services of a supervisor is named by its name. */
function outermost(running: readonly RegistryEntry[]): readonly RegistryEntry[] {
  return running.filter(({ name }) => !running.some(other => other.kind === 'supervisor' && name.startsWith(`${other.name}/`)));
}

function matching(running: readonly RegistryEntry[], name: string): readonly RegistryEntry[] {
  const byName = running.filter(entry => entry.name === name);
  const pid = /^\d+$/.test(name) ? Number(name) : undefined;
  if (pid === undefined) return byName;
  const mark = markOf(pid)?.mark;
  const own = running.filter(entry => entry.pid === pid || entry.masterPid === pid);
  const byPid = own.length > 0 ? own : running.filter(entry => entry.mark === mark);
  return [...byName, ...byPid.filter(entry => !byName.includes(entry))];
}

const listed = (candidates: readonly string[]) => (candidates.length === 0 ? 'Nothing is running.' : `There are: ${candidates.join(', ')}.`);

function unknown(name: string | undefined, candidates: readonly string[]): ClusterError {
  const what = name === undefined ? 'Nothing is running.' : `There is no instance ${JSON.stringify(name)}. ${listed(candidates)}`;
  return new ClusterError('ERR_UNKNOWN_NAME', what, { details: { candidates } });
}

function ambiguous(name: string | undefined, candidates: readonly string[]): ClusterError {
  const what = name === undefined ? 'Which one?' : `${JSON.stringify(name)} may be several.`;
  return new ClusterError('ERR_AMBIGUOUS_NAME', `${what} ${listed(candidates)}`, { details: { candidates } });
}
