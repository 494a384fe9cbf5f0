// When a process was started, on the clock on the wall.

import { readText } from './proc-files.js';
import { startTimeOf } from './process-identity.js';

/** Clock ticks a second: USER_HZ, 100 on every Linux there is (time(7)). */
const TICKS = 100;

/** Milliseconds since 1970; undefined when it is gone, or its start cannot be read. */
export function startedAtMs(pid: number): number | undefined {
  const start = startTimeOf(pid);
  if (start === undefined) return undefined;
  if (process.platform !== 'linux') return parsed(start);
  const boot = /^btime (\d+)$/m.exec(readText('/proc/stat') ?? '')?.[1];
  return boot === undefined ? undefined : Number(boot) * 1_000 + (Number(start) / TICKS) * 1_000;
}

/** As `ps -o lstart` has it, in UTC. */
function parsed(text: string): number | undefined {
  const at = Date.parse(`${text} UTC`);
  return Number.isNaN(at) ? undefined : at;
}
