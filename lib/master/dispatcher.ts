// Sticky: this process accepts, and hands each connection to the worker its client belongs to. Owns the connections between
// accept and acknowledgement: a worker acknowledges before it reads the first byte, so what a dead one had not
// acknowledged can be given to another, and nobody hangs.

import { clientKey, rendezvous } from '../lifecycle/balance.js';
import type { HeldSocket, RawHandle } from '../system/held-sockets.js';
import type { WorkerProcess } from './worker-process.js';

/** Node's own default for listen(). */
const BACKLOG = 511;

interface Connection {
  readonly address: OpenAddress;
  readonly handle: RawHandle;
  readonly client: string;
}

interface OpenAddress {
  readonly key: string;
  readonly workers: () => ReadonlySet<WorkerProcess>;
  /** For whom no worker is ready just now. */
  readonly waiting: Connection[];
}

interface Lane {
  /** Sent, not yet acknowledged: one at a time, so that messages do not wait behind connections. */
  sent: { readonly id: string; readonly connection: Connection } | undefined;
  readonly queue: Connection[];
}

export class Dispatcher {
  readonly #open = new Map<string, OpenAddress & { readonly held: HeldSocket }>();
  readonly #lanes = new Map<WorkerProcess, Lane>();
  #lastId = 0;
  /** Connections that a dead worker had not looked at, and another got. */
  rescued = 0;
  /** Connections that waited for a worker until none was to come. */
  refused = 0;

  /** Starts accepting on the address, once. `workers` are those that listen there. */
  open(held: HeldSocket, workers: () => ReadonlySet<WorkerProcess>): void {
    const known = this.#open.get(held.key);
    if (known) return this.#retry(known);
    const address = { key: held.key, held, workers, waiting: [] };
    this.#open.set(held.key, address);
    held.handle.onconnection = (status, handle) => {
      if (status < 0 || handle === undefined) return; // Out of descriptors, or the client is gone already.
      this.#place({ address, handle, client: clientOf(handle) });
    };
    held.handle.listen(BACKLOG);
  }

  /** True when it acknowledged a connection of ours. Core numbers its own acknowledgements; ours are texts. */
  onAck(worker: WorkerProcess, ack: unknown, accepted: unknown): boolean {
    const lane = this.#lanes.get(worker);
    if (typeof ack !== 'string' || lane?.sent?.id !== ack) return false;
    const { connection } = lane.sent;
    lane.sent = undefined;
    if (accepted === true) connection.handle.close();
    else this.#place(connection, worker);
    this.#advance(worker);
    return true;
  }

  /** A worker is ready, or no longer: what waits may go on. */
  onReadinessChange(): void {
    for (const address of this.#open.values()) this.#retry(address);
  }

  /** It is gone, or hangs: what it was not sent yet goes to others. */
  takeQueue(worker: WorkerProcess): void {
    const lane = this.#lanes.get(worker);
    for (const connection of lane?.queue.splice(0) ?? []) this.#rescue(connection, worker);
  }

  /** The dead worker's channel has been read to its end: what it did not acknowledge by now, it never read. */
  onSettled(worker: WorkerProcess): void {
    const lane = this.#lanes.get(worker);
    this.#lanes.delete(worker);
    if (lane?.sent) this.#rescue(lane.sent.connection, worker);
  }

  closeAddress(key: string): void {
    const address = this.#open.get(key);
    if (!address) return;
    address.held.handle.onconnection = null;
    this.refused += address.waiting.length;
    for (const { handle } of address.waiting.splice(0)) handle.close();
    this.#open.delete(key);
  }

  close(): void {
    for (const key of [...this.#open.keys()]) this.closeAddress(key);
  }

  #rescue(connection: Connection, dead: WorkerProcess): void {
    this.rescued++;
    this.#place(connection, dead);
  }

  #place(connection: Connection, except?: WorkerProcess): void {
    const candidates = [...connection.address.workers()].filter(worker => worker !== except && worker.isServing);
    const bySlot = new Map(candidates.toSorted((a, b) => a.place.id - b.place.id).map(worker => [worker.place.slot, worker]));
    const slot = rendezvous(connection.client, bySlot.keys());
    const worker = slot === undefined ? undefined : bySlot.get(slot);
    if (worker === undefined) return void connection.address.waiting.push(connection);
    this.#lane(worker).queue.push(connection);
    this.#advance(worker);
  }

  #advance(worker: WorkerProcess): void {
    const lane = this.#lane(worker);
    const connection = lane.sent ? undefined : lane.queue.shift();
    if (connection === undefined) return;
    const id = `app-cluster-${++this.#lastId}`;
    lane.sent = { id, connection };
    const isSent = worker.forked.send({ cmd: 'NODE_CLUSTER', act: 'newconn', key: connection.address.key, seq: id }, connection.handle);
    if (isSent) return;
    lane.sent = undefined;
    this.#place(connection, worker);
  }

  #retry({ waiting }: OpenAddress): void {
    for (const connection of waiting.splice(0)) this.#place(connection);
  }

  #lane(worker: WorkerProcess): Lane {
    const lane = this.#lanes.get(worker) ?? { sent: undefined, queue: [] };
    this.#lanes.set(worker, lane);
    return lane;
  }
}

/** A client that reset right after the handshake has no address any more; it does not matter who gets it. */
export function clientOf(handle: RawHandle): string {
  const peer: { address?: string } = {};
  const isKnown = handle.getpeername?.(peer) === 0 && peer.address !== undefined;
  return isKnown ? clientKey(peer.address ?? '') : '';
}
