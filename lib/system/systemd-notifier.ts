// Tells systemd something, through its own `systemd-notify`: Node has no datagrams on UNIX sockets.

import { spawn } from 'node:child_process';
import { messageOf } from '../errors.js';
import { environmentWith, takeVariable, variable } from './environment.js';

/** One that takes longer is ended: systemd is not listening. */
const LIMIT_MS = 5_000;
/** What waits while one is being told; the oldest are of no interest any more. */
const MOST_WAITING = 16;

/** What systemd has asked for. */
export interface SystemdWishes {
  readonly socket: string;
  /** It wants to hear of us within so long; undefined: it does not. */
  readonly watchdogMs: number | undefined;
}

/** @param mainPid the process that systemd has started: a watchdog of another is none of ours */
export function takeSystemdWishes(mainPid: number): SystemdWishes | undefined {
  const socket = takeVariable('NOTIFY_SOCKET');
  const [usec, pid] = [Number(takeVariable('WATCHDOG_USEC')), takeVariable('WATCHDOG_PID')];
  if (socket === undefined) return undefined;
  const isOurs = pid === undefined || Number(pid) === mainPid;
  return { socket, watchdogMs: isOurs && Number.isFinite(usec) && usec > 0 ? usec / 1_000 : undefined };
}

/** True: this is what a unit has started, and not a shell or a terminal below one (systemd 248 and later). */
export const isMainOfUnit = (pid: number): boolean => variable('SYSTEMD_EXEC_PID') === String(pid);

/** For RELOADING=1: CLOCK_MONOTONIC, which is what `hrtime` reads on Linux. */
export const monotonicUsec = (): string => String(process.hrtime.bigint() / 1_000n);

export interface SystemdNotifier {
  /** Assignments as `sd_notify(3)` has them. One process after another, in order; nobody waits for them. */
  tell(assignments: readonly string[]): void;
}

/** @param onFailed once, with the reason */
export function systemdNotifier(socket: string, onFailed: (reason: string) => void): SystemdNotifier {
  const waiting: (readonly string[])[] = [];
  let isTelling = false;
  let hasFailed = false;
  const fail = (reason: string) => {
    if (!hasFailed) onFailed(reason);
    hasFailed = true;
  };
  const next = () => {
    const assignments = waiting.shift();
    isTelling = assignments !== undefined;
    if (assignments === undefined) return;
    notify(socket, assignments, reason => {
      if (reason !== undefined) fail(reason);
      next();
    });
  };
  return {
    tell(assignments) {
      const last = waiting.at(-1);
      if (last !== undefined && isStatusAlone(last) && isStatusAlone(assignments)) waiting.pop();
      waiting.push(assignments);
      if (waiting.length > MOST_WAITING) waiting.shift();
      if (!isTelling) next();
    },
  };
}

const isStatusAlone = (assignments: readonly string[]) => assignments.every(text => /^(?:STATUS|EXTEND_TIMEOUT_USEC)=/.test(text));

/** @param done exactly once */
function notify(socket: string, assignments: readonly string[], done: (reason?: string) => void): void {
  let isDone = false;
  const end = (reason?: string) => {
    if (!isDone) done(reason);
    isDone = true;
  };
  try {
    const env = environmentWith({ NOTIFY_SOCKET: socket });
    const child = spawn('systemd-notify', [...assignments], { env, stdio: 'ignore', timeout: LIMIT_MS });
    child.unref();
    child.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ENOENT' ? 'systemd-notify is not on the PATH' : messageOf(error)));
    child.once('exit', (code, signal) => end(code === 0 ? undefined : `systemd-notify ended with ${signal ?? `exit code ${code}`}`));
  } catch (error) {
    queueMicrotask(() => end(messageOf(error))); // No process to be had.
  }
}
