// Why a start or a reload failed, in one error that says what, which process, and its last words.

import { ClusterError, EXIT_DO_NOT_RESTART, exitCodeOf, messageOf } from '../errors.js';
import type { EventOf, LastWords } from '../protocol/events.js';
import type { Child } from '../supervision/child.js';
import { ReloadFailure, StartFailure, Stopped } from '../supervision/failures.js';
import type { AddressInUse } from './listeners.js';
import type { MissingAnswer } from './reception.js';
import type { Timeouts } from './settings.js';
import { addressInUse } from './settle-port.js';
import type { WorkerProcess } from './worker-process.js';
import type { Workforce } from './workforce.js';

export interface FailedChild {
  readonly child: Child;
  readonly worker: WorkerProcess;
}

export interface FailureReason {
  readonly reason: Error;
  /** Undefined when no process is to blame. */
  readonly worker?: WorkerProcess;
}

export interface ReasonFacts {
  readonly workforce: Workforce | undefined;
  readonly timeouts: Timeouts;
  readonly isStarting: boolean;
}

/** Turns what a group rejected with into what a user can act on. Waits for the failed one's last words: they may still be in its channel. */
export async function reasonOf(error: unknown, { workforce, timeouts, isStarting }: ReasonFacts): Promise<FailureReason> {
  const failed = workforce?.lastFailure;
  if (failed === undefined || !(error instanceof StartFailure || error instanceof ReloadFailure)) return { reason: otherReason(error, isStarting) };
  await failed.worker.settled;
  const { worker } = failed;
  const missing = workforce?.reception.missingAnswer(worker);
  if (error instanceof ReloadFailure) return { reason: reloadError(failed, error, missing), worker };
  const facts = { startMs: timeouts[worker.role].start ?? 0, conflict: workforce?.listeners.conflict, missing };
  return { reason: startError({ failed, ...facts }), worker };
}

function otherReason(error: unknown, isStarting: boolean): Error {
  if (!isStarting && (error instanceof Stopped || error === undefined))
    return new ClusterError('ERR_STOPPED', 'The cluster was stopped before this was done.', { cause: error });
  return error instanceof Error ? error : new Error(messageOf(error));
}

export function startFailedEvent(reason: Error, worker: WorkerProcess | undefined): EventOf<'cluster-start-failed'> {
  const exitCode = exitCodeOf(reason);
  return { type: 'cluster-start-failed', role: worker?.role, id: worker?.place.id, pid: worker?.pid, message: reason.message, exitCode };
}

/** Said by a worker: the master does not load the framework only to look at it. */
const NO_FRAMEWORK = /should define (?:Agent|Application) in .+/;

const GOALS = {
  app: 'It should listen on a port, or be started with --ready signal or --ready online.',
  agent: 'An agent is ready when its module is loaded, or its class says so.',
} as const;

const notAnswered = ({ path, answer }: MissingAnswer) => `It listens, but ${path} (--ready-path) should answer with 2xx. The last answer: ${answer}.`;

interface StartErrorFacts {
  readonly failed: FailedChild;
  readonly startMs: number;
  readonly conflict: AddressInUse | undefined;
  readonly missing: MissingAnswer | undefined;
}

function startError({ failed, startMs, conflict, missing }: StartErrorFacts): ClusterError {
  const { child } = failed;
  const { role, lastWords } = failed.worker;
  if (conflict !== undefined && role === 'app') return addressInUse(conflict.address, conflict.holder);
  const misfit = lastWords.lines.flatMap(line => NO_FRAMEWORK.exec(line)?.[0] ?? []).at(-1);
  if (misfit !== undefined) return new ClusterError('ERR_INVALID_CONFIG', misfit, { kind: 'application' });
  const who = nameOf(failed);
  const details = { role, pid: child.process.pid, exit: child.exit, lastOutput: lastWords.lines };
  if (child.failedBy === 'overdue') {
    const goal = missing?.answer === undefined ? GOALS[role] : notAnswered(missing);
    return new ClusterError('ERR_START_TIMEOUT', `${who} did not get ready within ${startMs} ms (--start-timeout). ${goal}${quote(lastWords)}`, { details });
  }
  const kind = child.exit?.code === EXIT_DO_NOT_RESTART ? 'configuration' : 'application';
  return new ClusterError('ERR_START_FAILED', `${who} ${ended(child)} before it was ready.${reason(lastWords)}`, { details, kind });
}

function reloadError(failed: FailedChild, { attempts, isRestart }: ReloadFailure, missing: MissingAnswer | undefined): ClusterError {
  const { child } = failed;
  const { role, lastWords } = failed.worker;
  const why = child.failedBy === 'overdue' && missing?.answer !== undefined ? ` ${notAnswered(missing)}` : '';
  if (role === 'agent' && !isRestart) {
    const text = `The app workers are new, the agent is not: ${attempts} new ones failed, and the old version's is started again. The last, ${nameOf(failed)}, ${ended(child)}.${quote(lastWords)}`;
    return new ClusterError('ERR_RELOAD_FAILED', text, { details: { role, pid: child.process.pid, exit: child.exit, lastOutput: lastWords.lines } });
  }
  const what = isRestart ? 'The restart has not succeeded yet, and goes on trying' : 'The reload was called off, the old workers serve on';
  const message = `${what}: ${attempts} newcomers failed. The last, ${nameOf(failed)}, ${ended(child)}.${why}${quote(lastWords)}`;
  return new ClusterError('ERR_RELOAD_FAILED', message, { details: { role, pid: child.process.pid, exit: child.exit, lastOutput: lastWords.lines } });
}

function nameOf({ worker, child }: FailedChild): string {
  return `${worker.role}_worker#${child.id}:${child.process.pid}`;
}

function ended({ exit, failedBy }: Child): string {
  if (exit?.error !== undefined) return `could not be forked (${exit.error})`;
  if (failedBy === 'overdue') return 'did not get ready in time';
  if (failedBy === 'quit') return 'left by itself, or cut its channel to the master,';
  return exit?.signal ? `was ended by ${exit.signal}` : `exited with code ${exit?.code}`;
}

/** The beginning of a fatal error; the rest is in the output already. */
function reason({ error }: LastWords): string {
  return error === undefined ? '' : `\n${error.split('\n').slice(0, 4).join('\n')}`;
}

function quote({ lines, error }: LastWords): string {
  const all = error === undefined ? lines : [...lines, ...error.split('\n')];
  return all.length === 0 ? ' It wrote nothing.' : ` Its last output:\n${all.map(line => `  ${line}`).join('\n')}`;
}
