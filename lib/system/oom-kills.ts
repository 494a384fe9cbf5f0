// Was it the kernel? A process that dies by SIGKILL does not say by whom; the cgroup counts those it killed for want of memory.
// The count is of the whole cgroup, so it is compared with what it was a while ago: one that a worker's own child was killed by
// explains no later death of another.

import { cgroupMemoryLimit, oomKills } from './memory-limit.js';
import { type ReadText, readText } from './proc-files.js';

export interface OomVerdict {
  /** Undefined: nobody counts here. */
  readonly isOutOfMemory: boolean | undefined;
  readonly memoryLimitBytes?: number | undefined;
}

export class OomKills {
  readonly #read: ReadText;
  #explained: number | undefined;
  #last: number | undefined;

  constructor(read: ReadText = readText) {
    this.#read = read;
  }

  /** Before there is anybody to be killed, and from time to time: a kill before the last look but one explains nothing any more. */
  look(): void {
    const now = oomKills(this.#read);
    const before = this.#last ?? now;
    this.#explained = before === undefined ? undefined : Math.max(before, this.#explained ?? 0);
    this.#last = now;
  }

  /** Whether this death by SIGKILL was the kernel's. Each kill explains one death. */
  explain(): OomVerdict {
    const now = oomKills(this.#read);
    if (now === undefined || this.#explained === undefined) return { isOutOfMemory: undefined };
    if (now <= this.#explained) return { isOutOfMemory: false };
    this.#explained++;
    return { isOutOfMemory: true, memoryLimitBytes: cgroupMemoryLimit(this.#read) };
  }
}
