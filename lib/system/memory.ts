// Memory of this machine and this process.

import { freemem, totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { MemoryFacts } from '../protocol/events.js';

export function memoryFacts(): MemoryFacts {
  const { heap_size_limit, used_heap_size } = getHeapStatistics();
  return { totalBytes: totalmem(), freeBytes: freemem(), heapLimitBytes: heap_size_limit, heapUsedBytes: used_heap_size };
}

/** What this process holds; of a thread: the whole process's. */
export function usedMemory(): number {
  return process.memoryUsage.rss();
}
