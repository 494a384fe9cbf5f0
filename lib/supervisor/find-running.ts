// Whether a service runs that nobody here has started: its pid file says so, and the process is what the file means.

import type { ServiceSpec } from '../protocol/service-spec.js';
import { markTextOf, variableOf } from '../system/instance-mark.js';
import { identityOf } from '../system/process-identity.js';
import { startedAtMs } from '../system/process-start.js';
import { wordsOf, workingFolderOf } from '../system/process-words.js';
import { adoptLife, type ServiceLife } from '../system/service-life.js';
import { readServicePid } from '../system/service-pid-file.js';
import { modifiedAtMs, removeFile } from '../system/whole-files.js';

/** A process writes its file soon after it was born; clocks of both are the kernel's, in hundredths of a second. */
const SLACK_MS = 2_000;

/** Looks only. */
export function runningByPidFile(spec: ServiceSpec): ServiceLife | undefined {
  const pid = spec.pidFile === undefined ? undefined : readServicePid(spec.pidFile);
  const identity = pid === undefined ? undefined : identityOf(pid);
  return identity !== undefined && wasThere(identity.pid, spec.pidFile ?? '') && isMeant(identity.pid, spec)
    ? adoptLife(identity, markTextOf(identity.pid) ?? '', false)
    : undefined;
}

/** A pid file whose process is gone, or another by now, is stale: it is removed, with the lock beside it. */
export function findRunning(spec: ServiceSpec): ServiceLife | undefined {
  const found = runningByPidFile(spec);
  if (found !== undefined || spec.pidFile === undefined) return found;
  const wasThere = removeFile(spec.pidFile);
  if (wasThere && spec.lockFile !== undefined) removeFile(spec.lockFile);
  return undefined;
}

/** Pids are used again: whoever came after the file was written is somebody else. */
function wasThere(pid: number, pidFile: string): boolean {
  const [startedAt, writtenAt] = [startedAtMs(pid), modifiedAtMs(pidFile)];
  return startedAt !== undefined && writtenAt !== undefined && startedAt <= writtenAt + SLACK_MS;
}

/** It will be signalled: the name of its program is not enough, `node` is everybody's. It must know the service's folder, or be what is started there. */
function isMeant(pid: number, { home, cwd, env, run }: ServiceSpec): boolean {
  const words = wordsOf(pid);
  if (words.some(word => word.includes(home))) return true;
  const ofHome = Object.entries(env).filter(([, value]) => value.includes('${home}') || value.includes(home));
  if (ofHome.some(([name]) => variableOf(pid, name)?.includes(home))) return true;
  const args = run.kind === 'program' ? run.args : [];
  return args.length > 0 && workingFolderOf(pid) === cwd && words.slice(-args.length).join(' ') === args.join(' ');
}
