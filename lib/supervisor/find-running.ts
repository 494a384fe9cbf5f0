// Whether a service runs that nobody here has started: its pid file says so, and the process is what the file means.

import { basename } from 'node:path';
import type { ServiceSpec } from '../protocol/service-spec.js';
import { markTextOf } from '../system/instance-mark.js';
import { commandOf } from '../system/port-owner.js';
import { identityOf } from '../system/process-identity.js';
import { startedAtMs } from '../system/process-start.js';
import { adoptLife, type ServiceLife } from '../system/service-life.js';
import { readServicePid } from '../system/service-pid-file.js';
import { modifiedAtMs, removeFile } from '../system/whole-files.js';

/** A process writes its file soon after it was born; clocks of both are the kernel's, in hundredths of a second. */
const SLACK_MS = 2_000;

/** Looks only. */
export function runningByPidFile({ pidFile, run, home }: ServiceSpec): ServiceLife | undefined {
  const pid = pidFile === undefined ? undefined : readServicePid(pidFile);
  if (pidFile === undefined || pid === undefined) return undefined;
  const identity = identityOf(pid);
  const program = run.kind === 'program' ? run.exec : 'app-cluster';
  return identity !== undefined && isMeant(pid, { pidFile, home, program }) ? adoptLife(identity, markTextOf(pid) ?? '', false) : undefined;
}

/** A pid file whose process is gone, or another by now, is stale: it is removed, with the lock beside it. */
export function findRunning(spec: ServiceSpec): ServiceLife | undefined {
  const found = runningByPidFile(spec);
  if (found !== undefined || spec.pidFile === undefined) return found;
  const wasThere = removeFile(spec.pidFile);
  if (wasThere && spec.lockFile !== undefined) removeFile(spec.lockFile);
  return undefined;
}

interface Meant {
  readonly pidFile: string;
  readonly home: string;
  readonly program: string;
}

/** Pids are used again: it must have been there when the file was written, and be the program or know the folder. */
function isMeant(pid: number, { pidFile, home, program }: Meant): boolean {
  const [startedAt, writtenAt] = [startedAtMs(pid), modifiedAtMs(pidFile)];
  if (startedAt === undefined || writtenAt === undefined || startedAt > writtenAt + SLACK_MS) return false;
  const command = commandOf(pid);
  return command.includes(basename(program)) || command.includes(home);
}
