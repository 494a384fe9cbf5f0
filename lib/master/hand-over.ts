// Hand-over: idle connections of a worker that drains go to a sibling instead of being closed. Owns them between the two: they are kept
// until the sibling has acknowledged them, which it does before it reads the first byte, so a sibling's death loses none.

import { rendezvous } from '../lifecycle/balance.js';
import type { ListeningAddress } from '../protocol/events.js';
import { framed } from '../system/child-channel.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { RawHandle } from '../system/held-sockets.js';
import type { Crew } from './crew.js';
import { clientOf } from './dispatcher.js';
import type { WorkerProcess } from './worker-process.js';

/** Unacknowledged by one worker: messages must not wait behind a thousand connections. */
const MOST_UNACKED = 8;
/** Nobody could take it: a newcomer may listen there soon. */
const WAIT_MS = 1_000;

export interface GivenConnection {
  readonly address: ListeningAddress;
  readonly handle: RawHandle;
  /** Nothing was ever said on it. */
  readonly isNew: boolean;
}

interface Connection extends GivenConnection {
  readonly refusedBy: Set<WorkerProcess>;
  /** Called once, when it is ours no more. */
  readonly onHoused: () => void;
  cancelWait: Cancel;
}

interface Lane {
  readonly unacked: Map<number, Connection>;
  readonly queue: Connection[];
  adopted: number;
}

export interface HandOverNeeds {
  readonly clock: Clock;
  /** A client stays with its slot. */
  readonly isSticky: boolean;
  readonly crew: () => Crew;
}

export class HandOver {
  readonly #needs: HandOverNeeds;
  readonly #lanes = new Map<WorkerProcess, Lane>();
  readonly #waiting = new Set<Connection>();
  #inHand = 0;
  #whenEmpty: (() => void)[] = [];
  #lastNumber = 0;
  /** Connections that a sibling has adopted. */
  handedOver = 0;
  /** Connections that had to be closed here. */
  refused = 0;
  /** Whoever takes those that no worker here can take (and from then on there is somebody even when this cluster stops). Default: closed. */
  onHomeless: ((connection: GivenConnection) => void) | undefined;

  constructor(needs: HandOverNeeds) {
    this.#needs = needs;
  }

  /** There is somebody for the connections of this one. */
  mayHandOver(worker: WorkerProcess): boolean {
    if (worker.forked.isThread) return false;
    if (this.onHomeless !== undefined) return true;
    return this.#isGoingOn && this.#serving().some(other => other !== worker);
  }

  onGiven(worker: WorkerProcess, given: GivenConnection): void {
    this.#accept(given, () => worker.forked.send(framed({ act: 'housed' })));
  }

  /** One that comes from another master. */
  take(given: GivenConnection): void {
    this.#accept(given, () => {});
  }

  onAdopted(worker: WorkerProcess, n: number, isTaken: boolean): void {
    const lane = this.#lanes.get(worker);
    const connection = lane?.unacked.get(n);
    if (lane === undefined || connection === undefined) return;
    lane.unacked.delete(n);
    if (isTaken) {
      lane.adopted++;
      this.handedOver++;
      connection.handle.close();
      this.#forget(connection);
    } else {
      connection.refusedBy.add(worker);
      this.#place(connection);
    }
    this.#advance(worker, lane);
  }

  /** Somebody is ready, or listens on one more address. */
  retry(): void {
    for (const connection of [...this.#waiting]) {
      connection.refusedBy.clear();
      this.#place(connection);
    }
  }

  /** Resolves when none is in our hands. */
  async empty(): Promise<void> {
    if (this.#inHand > 0) await new Promise<void>(resolve => this.#whenEmpty.push(resolve));
  }

  #accept(given: GivenConnection, onHoused: () => void): void {
    this.#inHand++;
    this.#place({ ...given, refusedBy: new Set(), onHoused, cancelWait: () => {} });
  }

  #place(connection: Connection): void {
    connection.cancelWait();
    this.#waiting.delete(connection);
    const worker = this.#choose(connection);
    if (worker === undefined) return this.#wait(connection);
    const lane = this.#lane(worker);
    lane.queue.push(connection);
    this.#advance(worker, lane);
  }

  /** With `sticky` the worker of its client's slot, the newest of that slot; else one of the newest generation, so that none moves twice. */
  #choose({ address, handle, refusedBy }: Connection): WorkerProcess | undefined {
    const candidates = this.#serving().filter(worker => !refusedBy.has(worker));
    if (this.#needs.isSticky && address.addressType !== -1) {
      const bySlot = new Map(candidates.toSorted((a, b) => a.place.id - b.place.id).map(worker => [worker.place.slot, worker]));
      return bySlot.get(rendezvous(clientOf(handle), bySlot.keys()) ?? -1);
    }
    const load = (worker: WorkerProcess) => {
      const { unacked, queue, adopted } = this.#lane(worker);
      return { isFull: Number(unacked.size >= MOST_UNACKED), pending: unacked.size + queue.length, adopted };
    };
    return candidates
      .map(worker => ({ worker, ...load(worker) }))
      .toSorted((a, b) => a.isFull - b.isFull || b.worker.place.generation - a.worker.place.generation || a.adopted + a.pending - (b.adopted + b.pending))[0]
      ?.worker;
  }

  /** False: everything stops, or leaves to be started again. */
  get #isGoingOn(): boolean {
    const { goal } = this.#needs.crew().group;
    return goal.size > 0 && !goal.isHeld;
  }

  #serving(): WorkerProcess[] {
    return this.#needs.crew().workers.filter(({ isServing, forked }) => isServing && !forked.isThread);
  }

  #advance(worker: WorkerProcess, lane: Lane): void {
    while (lane.unacked.size < MOST_UNACKED) {
      const connection = lane.queue.shift();
      if (connection === undefined) return;
      const { address, isNew, handle } = connection;
      const n = ++this.#lastNumber;
      lane.unacked.set(n, connection);
      if (worker.isServing && worker.forked.send(framed({ act: 'adopt', n, address, isNew }), handle)) continue;
      lane.unacked.delete(n);
      connection.refusedBy.add(worker);
      this.#place(connection);
    }
  }

  /** Its channel has been read to its end: what it did not acknowledge by now, it never read. */
  #onSettled(worker: WorkerProcess): void {
    const lane = this.#lanes.get(worker);
    this.#lanes.delete(worker);
    for (const connection of [...(lane?.unacked.values() ?? []), ...(lane?.queue ?? [])]) this.#place(connection);
  }

  #wait(connection: Connection): void {
    if (!this.#isGoingOn || this.onHomeless !== undefined) return this.#dismiss(connection);
    this.#waiting.add(connection);
    connection.cancelWait = this.#needs.clock.after(WAIT_MS, () => {
      this.#waiting.delete(connection);
      this.#dismiss(connection);
    });
  }

  #dismiss(connection: Connection): void {
    if (this.onHomeless !== undefined) {
      this.handedOver++;
      this.onHomeless(connection);
    } else {
      this.refused++;
      connection.handle.close();
    }
    this.#forget(connection);
  }

  #forget(connection: Connection): void {
    this.#inHand--;
    connection.onHoused();
    if (this.#inHand === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #lane(worker: WorkerProcess): Lane {
    const known = this.#lanes.get(worker);
    if (known) return known;
    const lane: Lane = { unacked: new Map(), queue: [], adopted: 0 };
    this.#lanes.set(worker, lane);
    void worker.settled.then(() => this.#onSettled(worker)); // Never at 'disconnect', which may not come.
    return lane;
  }
}
