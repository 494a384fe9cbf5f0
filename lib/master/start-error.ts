// Why a start or a reload failed, in one error that says what, which process, and its last words.

import { ClusterError, EXIT_DO_NOT_RESTART } from '../errors.js';
import type { LastWords } from '../protocol/events.js';
import type { Child } from '../supervision/child.js';
import type { AddressInUse } from './listeners.js';
import { addressInUse } from './settle-port.js';
import type { WorkerProcess } from './worker-process.js';

export interface FailedChild {
  readonly child: Child;
  readonly worker: WorkerProcess;
}

export interface StartErrorFacts {
  readonly failed: FailedChild;
  readonly startMs: number;
  readonly conflict: AddressInUse | undefined;
}

export function startError({ failed, startMs, conflict }: StartErrorFacts): ClusterError {
  const { child } = failed;
  const { role, lastWords } = failed.worker;
  if (conflict !== undefined && role === 'app') return addressInUse(conflict.address, conflict.holder);
  const who = nameOf(failed);
  const details = { role, pid: child.process.pid, exit: child.exit, lastOutput: lastWords.lines };
  if (child.failedBy === 'overdue') {
    const goal =
      role === 'app'
        ? 'It should listen on a port, or be started with --ready signal or --ready online.'
        : 'An agent is ready when its module is loaded, or its class says so.';
    return new ClusterError('ERR_START_TIMEOUT', `${who} did not get ready within ${startMs} ms (--start-timeout). ${goal}${quote(lastWords)}`, { details });
  }
  const kind = child.exit?.code === EXIT_DO_NOT_RESTART ? 'configuration' : 'application';
  return new ClusterError('ERR_START_FAILED', `${who} ${ended(child)} before it was ready.${reason(lastWords)}`, { details, kind });
}

export function reloadError(failed: FailedChild, attempts: number): ClusterError {
  const { child } = failed;
  const { role, lastWords } = failed.worker;
  const message = `The reload was called off, the old workers serve on: ${attempts} newcomers failed. The last, ${nameOf(failed)}, ${ended(child)}.${quote(lastWords)}`;
  return new ClusterError('ERR_RELOAD_FAILED', message, { details: { role, pid: child.process.pid, exit: child.exit, lastOutput: lastWords.lines } });
}

function nameOf({ worker, child }: FailedChild): string {
  return `${worker.role}_worker#${child.id}:${child.process.pid}`;
}

function ended({ exit, failedBy }: Child): string {
  if (exit?.error !== undefined) return `could not be forked (${exit.error})`;
  if (failedBy === 'overdue') return 'did not get ready in time';
  if (failedBy === 'disconnected') return 'cut its channel to the master';
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
