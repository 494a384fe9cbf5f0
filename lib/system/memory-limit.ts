// How much memory the cgroup leaves this process, and how often the kernel killed for want of it.

import { totalmem } from 'node:os';
import { cgroupFolders } from './cgroup.js';
import { type Finding, inBytes, parseCount } from './finding.js';
import { type ReadText, readText } from './proc-files.js';

/** v1 writes "none" as the largest multiple of a page below 2^63. */
const UNLIMITED_BYTES = 2 ** 60;

/** The tightest limit from this process's cgroup up to the root. v2: `memory.max` holds bytes or "max"; v1: `memory.limit_in_bytes`. */
export function cgroupMemoryLimit(read: ReadText): number | undefined {
  const { v2, v1 } = cgroupFolders('memory', read);
  const files = [...v2.map(folder => `${folder}/memory.max`), ...v1.map(folder => `${folder}/memory.limit_in_bytes`)];
  const limits = files.flatMap(file => parseCount(read(file)) ?? []).filter(bytes => bytes < UNLIMITED_BYTES);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** What all processes here may hold together: the cgroup's limit, or the machine's memory when there is none below it. */
export function allowedMemory(read: ReadText = readText, totalBytes: number = totalmem()): number {
  return Math.min(totalBytes, cgroupMemoryLimit(read) ?? totalBytes);
}

/** Of the nearest cgroup that tells: its ancestors count other programs too. v2: `memory.events`, with the groups below it, and `.local`; v1: `memory.oom_control`, since Linux 4.13. */
export function oomKills(read: ReadText): number | undefined {
  const { v2, v1 } = cgroupFolders('memory', read);
  const files = [...v2.flatMap(folder => [`${folder}/memory.events`, `${folder}/memory.events.local`]), ...v1.map(folder => `${folder}/memory.oom_control`)];
  return files.map(file => parseOomKills(read(file) ?? '')).find(count => count !== undefined);
}

export function parseOomKills(text: string): number | undefined {
  return parseCount(/^oom_kill (\d+)$/m.exec(text)?.[1]);
}

export function memoryFindings(totalBytes: number, read: ReadText): readonly Finding[] {
  const limitBytes = cgroupMemoryLimit(read);
  const allowed = limitBytes === undefined || limitBytes >= totalBytes ? 'no limit by a cgroup' : `the cgroup allows ${inBytes(limitBytes)}`;
  const kills = oomKills(read);
  return [{ topic: 'memory', value: `${inBytes(totalBytes)}, ${allowed}`, level: 'ok' }, ...(kills === undefined ? [] : [oomFinding(kills)])];
}

function oomFinding(kills: number): Finding {
  const topic = 'out-of-memory kills';
  if (kills === 0) return { topic, value: 'none in this cgroup', level: 'ok' };
  const advice = 'Raise the memory limit of the cgroup (MemoryMax= in systemd, --memory of the container), or run fewer workers.';
  return { topic, value: `${kills} in this cgroup since it was made`, level: 'advice', advice };
}
