// How often each slot had to be filled again, and why its last worker is gone.

import type { ClusterEvent, EventOf, Role } from '../protocol/events.js';
import type { LastExit } from '../protocol/snapshot.js';
import { wallClockMs } from '../system/clock.js';

interface Page {
  readonly restarts: number;
  readonly lastExit: LastExit;
}

interface Counted {
  readonly requests: number;
  readonly cpuMs: number;
}

export class SlotBook {
  readonly #pages = new Map<string, Page>();
  readonly #counted = new Map<string, Counted>();
  reloads = 0;

  readonly read = (event: ClusterEvent): void => {
    if (event.type === 'child-left') this.#addUp(event);
    if (event.type === 'child-left' && event.failed) this.#note(event);
    if (event.type === 'cluster-reloaded') this.reloads++;
  };

  /** What the dead of a slot had counted: a sum that falls looks like a restart of everything. */
  countedBefore(role: Role, slot: number): Counted {
    return this.#counted.get(`${role} ${slot}`) ?? { requests: 0, cpuMs: 0 };
  }

  of(role: Role, slot: number): Page | undefined {
    return this.#pages.get(`${role} ${slot}`);
  }

  #addUp({ role, slot, vitals }: EventOf<'child-left'>): void {
    const { requests, cpuMs } = this.countedBefore(role, slot);
    if (vitals !== undefined) this.#counted.set(`${role} ${slot}`, { requests: requests + vitals.requests, cpuMs: cpuMs + vitals.cpuMs });
  }

  #note({ role, slot, pid, exit }: EventOf<'child-left'>): void {
    const restarts = (this.of(role, slot)?.restarts ?? 0) + 1;
    this.#pages.set(`${role} ${slot}`, { restarts, lastExit: { ...exit, pid, at: wallClockMs(), reason: reasonOf(exit) } });
  }
}

function reasonOf({ code, signal, error }: EventOf<'child-left'>['exit']): string {
  if (error !== undefined) return `could not be forked: ${error}`;
  return signal === null ? `exit code ${code}` : signal;
}
