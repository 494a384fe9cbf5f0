// Ends and removes what killed instances have left: only what carries the mark of one that is gone, or was written down by it. Makes true what
// is stored of it.

import { messageOf } from '../errors.js';
import { ownPid } from '../system/environment.js';
import { goneWithin } from '../system/gone-within.js';
import { type Identity, identityOf, mayNotSignal, signalIdentity, stillIs } from '../system/process-identity.js';
import { ownerOf } from '../system/process-owner.js';
import { startedAtMs } from '../system/process-start.js';
import { readServicePid } from '../system/service-pid-file.js';
import { modifiedAtMs, removeFile, replaceWhole } from '../system/whole-files.js';
import { type FalseState, type FoundLeftover, falseStates, type Leftover, leftovers } from './leftovers.js';
import { type Reservation, removeDeadReservations } from './port-reservations.js';
import { removeStale, unlessTaken } from './registry.js';
import { type Observed, stateText, storedStates } from './service-states.js';
import { stopInstance } from './stop-instance.js';

/** Workers whose master was killed finish what they have: they are asked first. */
const GRACE_MS = 5_000;
const KILL_MS = 2_000;
/** A pid file is written soon after its process was born. */
const SLACK_MS = 2_000;

export interface Survivor extends Leftover {
  /** Why, and what to do about it. */
  readonly advice: string;
}

export interface CleanupReport {
  readonly ended: readonly Leftover[];
  /** Not ours to end, or beyond SIGKILL. */
  readonly survived: readonly Survivor[];
  readonly removed: readonly string[];
  /** `SUP/SVC`: what is stored said that it runs. */
  readonly corrected: readonly string[];
  /** Ports that were kept for services. */
  readonly released: readonly Pick<Reservation, 'port' | 'service'>[];
}

/** Clusters first, which know how to stop, then workers and services, then loggers, which leave by themselves when nobody writes any more. */
export async function cleanUp(): Promise<CleanupReport> {
  const found = leftovers();
  const loggers = found.filter(({ isLogger }) => isLogger);
  await endInstances(found);
  await endProcesses(found.filter(({ isLogger }) => !isLogger));
  await goneWithin(
    loggers.map(({ identity }) => identity),
    KILL_MS,
  );
  await end(loggers.map(({ identity }) => identity));
  const own = identityOf(ownPid());
  const settled = own === undefined ? { corrected: [], removed: [] } : await makeTrue(own);
  return {
    ended: found.filter(({ identity }) => !stillIs(identity)).map(plain),
    survived: found.filter(({ identity }) => stillIs(identity)).map(leftover => ({ ...plain(leftover), advice: adviceFor(leftover.identity) })),
    removed: [...settled.removed, ...(own === undefined ? [] : await removeStale(own))],
    corrected: settled.corrected,
    released: (await removeDeadReservations()).map(({ port, service }) => ({ port, service })),
  };
}

const plain = ({ pid, command, isLogger, service }: Leftover): Leftover => ({ pid, command, isLogger, ...(service === undefined ? {} : { service }) });

function adviceFor(identity: Identity): string {
  const { pid } = identity;
  if (!mayNotSignal(identity)) return `it does not end, not even by SIGKILL: the kernel waits for something (cat /proc/${pid}/wchan), or look as root`;
  const owner = ownerOf(pid);
  return `it belongs to ${owner === undefined ? 'another user' : `user ${owner}`}: end it as that user, or as root (sudo kill ${pid})`;
}

/** One that hangs has been killed by whoever stopped it; what it leaves is found with the rest. */
async function endInstances(found: readonly FoundLeftover[]): Promise<void> {
  const instances = new Set(found.flatMap(({ instance }) => instance ?? []));
  await Promise.allSettled([...instances].map(instance => stopInstance(instance, false)));
}

/** Each service in the way, and with the patience, that was said for it. */
async function endProcesses(found: readonly FoundLeftover[]): Promise<void> {
  const plans = new Map(storedStates().flatMap(({ state: { observed } }) => (observed === undefined ? [] : [[observed.mark, observed]])));
  const marks = [...new Set(found.map(({ mark }) => mark))];
  const victimsOf = (mark: string) => found.flatMap(leftover => (leftover.mark === mark ? leftover.identity : []));
  await Promise.all(marks.map(mark => end(victimsOf(mark), plans.get(mark))));
}

/** What is left when the service itself has gone gets a SIGTERM, as it would from its supervisor. */
async function end(victims: readonly Identity[], service?: Observed): Promise<void> {
  const { signal, timeoutMs } = service?.stop ?? { signal: 'SIGTERM', timeoutMs: GRACE_MS };
  const mine = victims.filter(victim => !mayNotSignal(victim));
  const leader = mine.filter(({ pid }) => pid === service?.pid);
  for (const victim of mine) signalIdentity(victim, signal);
  const isLed = leader.length > 0 && (await goneWithin(leader, timeoutMs));
  if (isLed && signal !== 'SIGTERM') for (const victim of mine) signalIdentity(victim, 'SIGTERM');
  if (await goneWithin(mine, isLed ? GRACE_MS : leader.length > 0 ? 0 : timeoutMs)) return;
  for (const victim of mine) signalIdentity(victim, 'SIGKILL');
  await goneWithin(mine, KILL_MS);
}

interface Settled {
  readonly corrected: readonly string[];
  readonly removed: readonly string[];
}

/** What is wanted stays as it is. */
async function makeTrue(own: Identity): Promise<Settled> {
  const corrected: string[] = [];
  const removed: string[] = [];
  for (const found of falseStates()) {
    const { fullName, supervisorFile } = found;
    const files = await unlessTaken(supervisorFile, own, () => correct(found)).catch((error: unknown) => [`${fullName}: ${messageOf(error)}`]);
    if (files !== undefined) corrected.push(fullName);
    removed.push(...(files ?? []));
  }
  return { corrected, removed };
}

/** Returns the files that meant nothing any more. */
function correct({ path, state }: FalseState): readonly string[] {
  const { pidFile, lockFile } = state.observed;
  replaceWhole(path, stateText({ ...state, observed: undefined }));
  if (pidFile === undefined || !isStale(pidFile) || !removeFile(pidFile)) return [];
  return lockFile !== undefined && removeFile(lockFile) ? [pidFile, lockFile] : [pidFile];
}

/** Its process is gone, or another by now. What cannot be read is nobody's business. */
function isStale(pidFile: string): boolean {
  const pid = readServicePid(pidFile);
  if (pid === undefined) return false;
  const [startedAt, writtenAt] = [startedAtMs(pid), modifiedAtMs(pidFile)];
  return identityOf(pid) === undefined || (startedAt !== undefined && writtenAt !== undefined && startedAt > writtenAt + SLACK_MS);
}
