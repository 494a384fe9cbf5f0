// Which addresses workers listen on. Answers core's question for a listening socket with the one that is held, so that `listen`
// in a worker stays Node's own code. Owns the held sockets and, per address, who listens there.
//
// Core asks with an internal message (`queryServer`) and hears an answer by its `seq`; both are non-public and the same on
// Node 20, 22, 24 and 26 (contract test). Left unanswered by us, core's own primary answers: that is the fallback.

import type { Emit, ListeningAddress } from '../protocol/events.js';
import { framed } from '../system/child-channel.js';
import type { Clock } from '../system/clock.js';
import {
  canHoldSockets,
  EADDRINUSE,
  EINVAL,
  type HeldSocket,
  HeldSockets,
  isDatagramQuery,
  isPath,
  type ListenQuery,
  parseListenQuery,
  type SocketStore,
} from '../system/held-sockets.js';
import { portOwner } from '../system/port-owner.js';
import type { Dispatcher } from './dispatcher.js';
import type { WorkerProcess } from './worker-process.js';

interface CoreMessage extends Record<string, unknown> {
  readonly cmd?: unknown;
  readonly act?: unknown;
  readonly seq?: unknown;
  readonly key?: unknown;
  readonly ack?: unknown;
  readonly data?: unknown;
}

/** A worker that cuts its channel or exits closes its servers first: only one that lives on has given its address up. */
const RELEASE_MS = 500;

export interface AddressInUse {
  readonly address: string;
  readonly holder: string;
}

export interface ListenersNeeds {
  readonly emit: Emit;
  readonly clock: Clock;
  /** A keeper's, if there is one. */
  readonly sockets?: SocketStore | undefined;
}

export class Listeners {
  readonly #sockets: SocketStore;
  readonly #users = new Map<string, Set<WorkerProcess>>();
  /** Those on probation have their addresses, and not yet the sockets. */
  readonly #heldBack = new Map<WorkerProcess, Map<string, HeldSocket>>();
  readonly #emit: Emit;
  readonly #clock: Clock;
  /** Undefined: every worker accepts for itself, from the shared socket. */
  readonly #dispatcher: Dispatcher | undefined;
  readonly #isHolding: boolean;
  /** The last address that turned out to be taken. */
  conflict: AddressInUse | undefined;

  constructor({ emit, clock, sockets }: ListenersNeeds, dispatcher: Dispatcher | undefined) {
    this.#emit = emit;
    this.#clock = clock;
    this.#dispatcher = dispatcher;
    this.#sockets = sockets ?? new HeldSockets();
    const reason = canHoldSockets();
    this.#isHolding = reason === undefined;
    if (reason !== undefined) emit({ type: 'sockets-fell-back', reason });
  }

  /** True when the message was ours to answer. */
  onInternal(worker: WorkerProcess, message: CoreMessage): boolean {
    if (message.cmd !== 'NODE_CLUSTER') return false;
    if (!this.#isHolding) return this.#letListen(worker, message);
    if (message.act === 'queryServer') return this.#onQuery(worker, message);
    if (message.act === 'close' && typeof message.key === 'string') this.#onClose(worker, message.key);
    return this.#dispatcher?.onAck(worker, message.ack, message['accepted']) ?? false;
  }

  /** Core answers its processes; a thread is told to listen for itself. */
  #letListen(worker: WorkerProcess, { act, seq }: CoreMessage): boolean {
    if (!worker.forked.isThread) return false;
    if (act === 'queryServer') reply(worker, { ack: seq, errno: 0, key: '' });
    return true;
  }

  onExit(worker: WorkerProcess): void {
    for (const users of this.#users.values()) users.delete(worker);
    this.#heldBack.delete(worker);
    this.#dispatcher?.takeQueue(worker);
  }

  /** Its probation is over: from now on it gets connections. */
  onProven(worker: WorkerProcess): void {
    const waiting = this.#heldBack.get(worker);
    this.#heldBack.delete(worker);
    for (const [key, held] of waiting ?? []) {
      if (this.#isUsedBy(worker, key)) worker.forked.send(framed({ act: 'attach', address: addressOf(held) }), held.handle);
    }
    this.#dispatcher?.onReadinessChange();
  }

  /** After a reload: addresses that only the old generation knew are given up, instead of queueing clients for nobody. */
  releaseUnused(): void {
    for (const { key } of this.#sockets.all) if (!this.#users.get(key)?.size) this.#release(key);
  }

  /** A successor has the sockets: what is here are copies. */
  bequeath(): void {
    this.#dispatcher?.close();
    this.#sockets.dropAll();
    this.#users.clear();
  }

  /**
   * Newcomers are refused as soon as the workers' copies are closed too: who closes last must be somebody who accepts, or those that
   * queue are reset. Resolves when ours are closed.
   */
  async close(): Promise<void> {
    this.#dispatcher?.close();
    this.#users.clear();
    await this.#sockets.releaseAll();
  }

  #onQuery(worker: WorkerProcess, message: CoreMessage): boolean {
    if (isDatagramQuery(message)) return false; // Datagrams cannot be balanced: Node does what it always does.
    const query = parseListenQuery(message);
    if (query === undefined) {
      reply(worker, { ack: message.seq, errno: EINVAL, key: '' }); // Core itself would trip over it.
      return true;
    }
    void this.#answer(worker, query, message);
    return true;
  }

  async #answer(worker: WorkerProcess, query: ListenQuery, { seq, data }: CoreMessage): Promise<void> {
    const held = await this.#sockets.hold(query, data);
    const errno = typeof held === 'number' ? held : this.#isUsedBy(worker, held.key) ? EADDRINUSE : 0;
    if (worker.hasExited) return;
    if (errno !== 0 || typeof held === 'number') {
      this.#reportConflict(query, errno);
      return reply(worker, { ack: seq, errno, key: '' });
    }
    this.#use(worker, held.key);
    const isDispatched = this.#dispatcher !== undefined && !isPath(query);
    const isHeldBack = worker.isOnProbation && !isDispatched && !worker.forked.isThread;
    const sockname = isDispatched || isHeldBack ? socketName(held) : undefined;
    reply(worker, { ack: seq, errno: 0, key: held.key, data: held.data, sockname }, isDispatched || isHeldBack ? undefined : held.handle);
    if (isHeldBack) this.#heldBack.set(worker, (this.#heldBack.get(worker) ?? new Map()).set(held.key, held));
    if (isDispatched) this.#dispatcher?.open(held, () => this.#users.get(held.key) ?? new Set());
  }

  #use(worker: WorkerProcess, key: string): void {
    const users = this.#users.get(key) ?? new Set();
    this.#users.set(key, users.add(worker));
  }

  #isUsedBy(worker: WorkerProcess, key: string): boolean {
    return this.#users.get(key)?.has(worker) ?? false;
  }

  /** Closed on purpose by a living worker and used by nobody else: given up. A death is never a release, nor is what precedes one. */
  #onClose(worker: WorkerProcess, key: string): void {
    const users = this.#users.get(key);
    if (!users?.delete(worker) || worker.isLeaving || users.size > 0) return;
    this.#clock.after(RELEASE_MS, () => {
      const isWanted = (this.#users.get(key)?.size ?? 0) > 0;
      if (!isWanted && !worker.hasExited && worker.forked.isConnected) this.#release(key);
    });
  }

  #release(key: string): void {
    this.#dispatcher?.closeAddress(key);
    this.#sockets.release(key);
    this.#users.delete(key);
  }

  #reportConflict(query: ListenQuery, errno: number): void {
    if (errno !== EADDRINUSE) return;
    const address = isPath(query) ? String(query.address) : `${query.address ?? '*'}:${query.port}`;
    this.conflict = { address, holder: isPath(query) ? 'not visible' : portOwner(query.port) };
    this.#emit({ type: 'address-in-use', ...this.conflict });
  }
}

function socketName({ handle }: HeldSocket): object | undefined {
  const name = {};
  return handle.getsockname?.(name) === 0 ? name : undefined;
}

/** As the worker's server sees itself. */
function addressOf(held: HeldSocket): ListeningAddress {
  if (isPath(held.query)) return { addressType: -1, address: held.query.address, port: -1 };
  const { address, family, port } = (socketName(held) ?? {}) as { address?: string; family?: string; port?: number };
  return { addressType: family === 'IPv6' ? 6 : 4, address: address ?? null, port };
}

function reply(worker: WorkerProcess, answer: object, handle?: unknown): void {
  worker.forked.send({ cmd: 'NODE_CLUSTER', ...answer }, handle);
}
