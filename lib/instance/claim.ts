// What an instance writes into the registry, and keeps true there.

import { type Claim, claimName, entryPath, socketPath } from '../control/registry.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import { wallClockMs } from '../system/clock.js';
import { packageVersion } from '../system/entries.js';
import { ownPid } from '../system/environment.js';
import { identityOf } from '../system/process-identity.js';
import type { EventBus } from './event-bus.js';
import type { InstanceFacts, Served } from './instance-facts.js';

export const tokenFile = (name: string): string => socketPath(name).replace(/\.sock$/, '.token');
export const filesOf = (name: string) => ({ entry: entryPath(name), socket: socketPath(name) });

type Own = Pick<RegistryEntry, 'mark' | 'isRecorded'>;

/** Undefined where a process cannot be told from another. Throws ERR_ALREADY_RUNNING, ERR_UNSAFE_FOLDER. */
export async function claimFor({ name, isNameGiven, baseDir, kind, logs, pidFile, file, stopMs, pid }: InstanceFacts, own: Own): Promise<Claim | undefined> {
  const identity = identityOf(pid);
  if (identity === undefined) return undefined;
  const place = { kind, baseDir, pidFile, file, logs: logs?.folder, stopMs, masterPid: ownPid() };
  return claimName(name, isNameGiven, { ...identity, ...place, ...own, status: 'starting', startedAt: wallClockMs(), version: packageVersion() });
}

export function followState(state: Served['state'], claim: Claim, events: EventBus): void {
  let last = '';
  const follow = () => {
    const { status, address } = state();
    if (last === `${status} ${address}`) return;
    last = `${status} ${address}`;
    claim.update({ status, address });
  };
  follow();
  events.onAny(({ type }) => {
    if (/^(?:cluster-|reload-|child-moved|service-|supervisor-)/.test(type)) follow();
  });
}
