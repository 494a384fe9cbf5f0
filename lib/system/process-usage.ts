// Memory and processor time of any process of this machine: read from /proc, without waking it.

import { readText } from './proc-files.js';

/** Clock ticks a second, as the kernel tells user space: 100 on every Linux (times(2), USER_HZ). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;

export interface Usage {
  readonly rssBytes: number;
  /** So far, user and system. */
  readonly cpuMs: number;
}

/** Undefined when there is no such process, or no /proc. */
export function usageOf(pid: number): Usage | undefined {
  const stat = readText(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' '); // proc_pid_stat(5): state is field 3, utime 14, stime 15, rss 24.
  const [user, system, pages] = [Number(fields[11]), Number(fields[12]), Number(fields[21])];
  return Number.isFinite(user + system + pages) ? { cpuMs: ((user + system) * 1_000) / TICKS_PER_SECOND, rssBytes: pages * pageBytes() } : undefined;
}

let page: number | undefined;

/** 64 KiB pages on some ARM machines: the same process, measured by both. */
function pageBytes(): number {
  if (page !== undefined) return page;
  const pages = Number(readText('/proc/self/statm')?.split(' ')[1]);
  const ratio = process.memoryUsage.rss() / pages;
  page = [4_096, 16_384, 65_536].toSorted((a, b) => Math.abs(a - ratio) - Math.abs(b - ratio))[0] ?? PAGE_BYTES;
  return page;
}
