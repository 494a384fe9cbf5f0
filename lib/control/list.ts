// Everything that runs, each asked whether it answers.

import type { RegistryEntry } from '../protocol/registry-entry.js';
import { wallClockMs } from '../system/clock.js';
import { askText } from '../system/http-client.js';
import { entries } from './registry.js';

/** A master that has not said a word by then is stuck. */
const ANSWER_MS = 1_000;

export interface Listed extends Omit<RegistryEntry, 'status'> {
  /** As it says itself; `unreachable` when its process lives and does not answer. */
  readonly status: RegistryEntry['status'] | 'unreachable';
  readonly uptimeMs: number;
}

export function listInstances(): Promise<readonly Listed[]> {
  const running = entries().flatMap(({ entry, isAlive }) => (isAlive ? [entry] : []));
  return Promise.all(running.map(listed));
}

async function listed(entry: RegistryEntry): Promise<Listed> {
  const isBooting = entry.status === 'starting'; // Its socket may not be there yet.
  const answers = isBooting || (await askText({ socketPath: entry.socket }, '/healthz', ANSWER_MS)) !== undefined;
  return { ...entry, status: answers ? entry.status : 'unreachable', uptimeMs: Math.max(0, wallClockMs() - entry.startedAt) };
}
