// What instances left behind that were killed with everything above them: processes with their mark, loggers, entries, sockets.
// Needs no live instance. Ends only what carries the mark of a master that is gone.

import { ownPid } from '../system/environment.js';
import { goneWithin } from '../system/gone-within.js';
import { allMarked, isOrphaned } from '../system/instance-mark.js';
import { commandOf } from '../system/port-owner.js';
import { type Identity, identityOf, signalIdentity, stillIs } from '../system/process-identity.js';
import { removeStale } from './registry.js';

/** Workers whose master was killed finish what they have: they are asked first. */
const GRACE_MS = 5_000;
const KILL_MS = 2_000;

export interface Leftover {
  readonly pid: number;
  readonly command: string;
  readonly isLogger: boolean;
}

export interface CleanupReport {
  readonly ended: readonly Leftover[];
  /** Not ours to end, or beyond SIGKILL. */
  readonly survived: readonly Leftover[];
  readonly removed: readonly string[];
}

export function leftovers(): readonly (Leftover & { readonly identity: Identity })[] {
  return allMarked()
    .filter(({ mark }) => isOrphaned(mark))
    .flatMap(({ pid, isLogger }) => {
      const identity = identityOf(pid);
      return identity === undefined ? [] : [{ pid, command: commandOf(pid), isLogger, identity }];
    });
}

/** Workers first, then loggers, which leave by themselves when nobody writes any more. */
export async function cleanUp(): Promise<CleanupReport> {
  const found = leftovers();
  const workers = found.filter(({ isLogger }) => !isLogger);
  const loggers = found.filter(({ isLogger }) => isLogger);
  await end(workers.map(({ identity }) => identity));
  await goneWithin(
    loggers.map(({ identity }) => identity),
    KILL_MS,
  );
  await end(loggers.map(({ identity }) => identity));
  const plain = ({ pid, command, isLogger }: Leftover): Leftover => ({ pid, command, isLogger });
  const own = identityOf(ownPid());
  return {
    ended: found.filter(({ identity }) => !stillIs(identity)).map(plain),
    survived: found.filter(({ identity }) => stillIs(identity)).map(plain),
    removed: own === undefined ? [] : await removeStale(own),
  };
}

async function end(victims: readonly Identity[]): Promise<void> {
  const left = victims.filter(stillIs);
  for (const victim of left) signalIdentity(victim, 'SIGTERM');
  if (await goneWithin(left, GRACE_MS)) return;
  for (const victim of left) signalIdentity(victim, 'SIGKILL');
  await goneWithin(left, KILL_MS);
}
