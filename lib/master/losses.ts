// The loss account: what became of connections and requests, over all app workers, the dead included. What a worker counts it says in its
// beats, the last of them on its way out; what was given from one to another is counted here. Exact for whatever was planned, to one
// beat after a SIGKILL.

import type { LossAccount, WorkerVitals } from '../protocol/snapshot.js';
import type { Clock } from '../system/clock.js';
import { askVitals, within } from './ask-vitals.js';
import type { WorkerProcess } from './worker-process.js';

/** Connections on their way to a worker that hangs are not waited for longer than this. */
const HOUSED_MS = 1_000;

export const NO_LOSSES: LossAccount = { accepted: 0, served: 0, rescued: 0, handedOver: 0, refused: 0, cut: 0 };

export interface LossesNeeds {
  readonly clock: Clock;
  readonly handOver: { readonly handedOver: number; readonly refused: number; empty(): Promise<void> };
  readonly dispatcher: { readonly rescued: number; readonly refused: number } | undefined;
}

/** The account of one operation: what was added meanwhile. */
export interface Ledger {
  /** Resolves when those who live have said how they are. */
  readonly isOpen: Promise<unknown>;
  close(): Promise<LossAccount>;
}

export class Losses {
  readonly #needs: LossesNeeds;
  readonly #workers = new Set<WorkerProcess>();
  #gone: LossAccount = NO_LOSSES;

  constructor(needs: LossesNeeds) {
    this.#needs = needs;
  }

  /** A predecessor's. */
  inherit(account: LossAccount): void {
    this.#gone = added(this.#gone, account);
  }

  watch(worker: WorkerProcess): void {
    if (worker.role === 'agent') return;
    this.#workers.add(worker);
    void worker.settled.then(() => {
      this.#workers.delete(worker);
      this.#gone = added(this.#gone, countedBy(worker.beats.vitals), { cut: worker.beats.vitals?.inFlight ?? 0 });
    });
  }

  /** By the last beats. */
  get total(): LossAccount {
    const { handOver, dispatcher } = this.#needs;
    const living = [...this.#workers].map(({ beats }) => countedBy(beats.vitals));
    const own = { handedOver: handOver.handedOver, rescued: dispatcher?.rescued ?? 0, refused: handOver.refused + (dispatcher?.refused ?? 0) };
    return added(this.#gone, own, ...living);
  }

  open(): Ledger {
    const before = askVitals(this.#workers, this.#needs.clock).then(() => this.total);
    return { isOpen: before, close: async () => difference(await this.#measured(), await before) };
  }

  /** After what those who are gone said last, and with fresh beats of those who live. */
  async #measured(): Promise<LossAccount> {
    await this.caughtUp();
    await askVitals(this.#workers, this.#needs.clock);
    return this.total;
  }

  /** Resolves when the dead have been heard to their last word, and no connection is between two workers. */
  async caughtUp(): Promise<void> {
    const { handOver, clock } = this.#needs;
    await Promise.all([...this.#workers].filter(({ hasExited }) => hasExited).map(({ settled }) => settled));
    await within(HOUSED_MS, handOver.empty(), clock);
  }
}

function countedBy(vitals: WorkerVitals | undefined): Partial<LossAccount> {
  return vitals === undefined ? {} : { accepted: vitals.accepted, served: vitals.answered };
}

const KEYS = Object.keys(NO_LOSSES) as (keyof LossAccount)[];

function combined(of: (key: keyof LossAccount) => number): LossAccount {
  return Object.fromEntries(KEYS.map(key => [key, of(key)])) as unknown as LossAccount;
}

const added = (...parts: readonly Partial<LossAccount>[]) => combined(key => parts.reduce((sum, part) => sum + (part[key] ?? 0), 0));

/** Never negative: a beat that is behind the one before it would be a lie. */
export const difference = (after: LossAccount, before: LossAccount): LossAccount => combined(key => Math.max(0, after[key] - before[key]));
