// How often each slot had to be filled again, and why its last worker is gone.

import { deathOf } from '../protocol/death.js';
import type { ClusterEvent, EventOf, Role } from '../protocol/events.js';
import { hangText } from '../protocol/hang.js';
import { wearText } from '../protocol/quantities.js';
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
  /** Ids of those that are replaced because of a limit, and which. */
  readonly #worn = new Map<number, string>();
  readonly #counted = new Map<string, Counted>();
  reloads = 0;

  readonly read = (event: ClusterEvent): void => {
    if (event.type === 'child-worn') this.#worn.set(event.id, `replaced: ${wearText(event)}`);
    if (event.type === 'child-left') this.#onLeft(event);
    if (event.type === 'cluster-reloaded') this.reloads++;
  };

  /** What the dead of a slot had counted: a sum that falls looks like a restart of everything. */
  countedBefore(role: Role, slot: number): Counted {
    return this.#counted.get(`${role} ${slot}`) ?? { requests: 0, cpuMs: 0 };
  }

  of(role: Role, slot: number): Page | undefined {
    return this.#pages.get(`${role} ${slot}`);
  }

  #onLeft(event: EventOf<'child-left'>): void {
    this.#addUp(event);
    const worn = event.role === 'app' ? this.#worn.get(event.id) : undefined;
    this.#worn.delete(event.role === 'app' ? event.id : 0);
    if (event.failed) this.#note(event, 1, event.hang ? `hung: ${hangText(event.hang)}` : deathOf(event).text);
    else if (worn !== undefined) this.#note(event, 0, worn);
  }

  #addUp({ role, slot, vitals }: EventOf<'child-left'>): void {
    const { requests, cpuMs } = this.countedBefore(role, slot);
    if (vitals !== undefined) this.#counted.set(`${role} ${slot}`, { requests: requests + vitals.requests, cpuMs: cpuMs + vitals.cpuMs });
  }

  /** What was replaced by us is no failure, and no restart. */
  #note({ role, slot, pid, exit }: EventOf<'child-left'>, failures: 0 | 1, reason: string): void {
    const restarts = (this.of(role, slot)?.restarts ?? 0) + failures;
    this.#pages.set(`${role} ${slot}`, { restarts, lastExit: { ...exit, pid, at: wallClockMs(), reason } });
  }
}
