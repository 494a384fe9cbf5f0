// Stops an instance from outside and waits until it is gone: by its control server, or by signals where that does not answer.

import { ClusterError } from '../errors.js';
import type { RegistryEntry } from '../protocol/registry-entry.js';
import type { StopAccount } from '../protocol/snapshot.js';
import { pause, systemClock } from '../system/clock.js';
import { ownPid } from '../system/environment.js';
import { goneWithin } from '../system/gone-within.js';
import { type Identity, identityOf, signalIdentity, stillIs } from '../system/process-identity.js';
import { statOf } from '../system/process-tree.js';
import { Client } from './client.js';
import { removeStale } from './registry.js';

/** Beyond its own budget: a master that has not ended then hangs, and is killed. */
const SLACK_MS = 10_000;
const FORCED_MS = 5_000;
const KILL_MS = 2_000;

type End = Omit<StopAccount, 'tookMs'>;

const NOTHING: End = { forced: [], survived: [] };

type Stoppable = Omit<RegistryEntry, 'status'>;

export interface StopReport extends StopAccount {
  readonly name: string;
}

export async function stopInstance(entry: Stoppable, isForced: boolean): Promise<StopReport> {
  const startedAt = systemClock.now();
  const limitMs = isForced ? FORCED_MS : entry.stopMs + SLACK_MS;
  const none = pause(systemClock, limitMs).then(() => NOTHING); // A master that hangs never answers.
  const report = await Promise.race([askToStop(entry, isForced), none]);
  const leftMs = Math.max(0, limitMs - (systemClock.now() - startedAt));
  const hung = [entry, ...masterOf(entry)];
  const isGone = await goneWithin([entry], leftMs);
  if (!isGone) for (const victim of hung) signalIdentity(victim, 'SIGKILL'); // The keeper first, or it would start another master.
  if (!isGone && !(await goneWithin(hung, KILL_MS)))
    throw new ClusterError('ERR_UNREACHABLE', `${entry.name} (process ${entry.pid}) does not end, not even by SIGKILL. Look as root.`);
  const own = isGone ? undefined : identityOf(ownPid());
  if (own !== undefined) await removeStale(own); // Nobody is left to tidy up.
  const tookMs = Math.round(systemClock.now() - startedAt);
  const killed = isGone ? {} : { forced: [...report.forced, entry.pid], names: { ...report.names, [entry.pid]: 'master' } };
  return { ...report, ...killed, name: entry.name, tookMs };
}

/** Its child, where there is a keeper. */
function masterOf({ pid, masterPid }: Stoppable): readonly Identity[] {
  const isChild = masterPid !== undefined && masterPid !== pid && statOf(masterPid)?.parent === pid;
  return isChild ? [identityOf(masterPid)].filter(identity => identity !== undefined) : [];
}

/** The answer may be cut: the master ends with it. */
async function askToStop(entry: Stoppable, isForced: boolean): Promise<End> {
  try {
    return await new Client({ socketPath: entry.socket }).stop({ force: isForced });
  } catch (error) {
    if (stillIs(entry) && !signalIdentity(entry, 'SIGTERM') && stillIs(entry)) throw error;
    return NOTHING;
  }
}
