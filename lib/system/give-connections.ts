// Gives idle connections away instead of closing them: the socket itself goes to the master, and from there to a sibling, and its client
// notices nothing. Plain HTTP/1.1 only, on TCP and UNIX paths: what TLS and HTTP/2 know of a connection cannot be passed on.
//
// Non-public, the same on Node 20, 22, 24 and 26, and looked for at every socket: `socket._handle` with `readStop`. Where it is missing
// nothing is given, and connections may linger as on any drain.

import type { Server, Socket } from 'node:net';
import { repeatUnref } from './clock.js';
import type { RawHandle } from './held-sockets.js';
import { idleConnections } from './idle-connections.js';
import type { TrackedServer } from './tracked-server.js';
import { giveAway, isMasterThere, noticeOrphaned } from './uplink.js';

/** Given, and not yet in a sibling's hands: the master must not run out of descriptors. */
const MOST_UNHOUSED = 64;
/** The master has housed none for so long: the rest lingers. */
const STALLED_MS = 1_000;
/** Callbacks of what was sent to a master that died may never come. */
const MOST_UNSENT_MS = 2_000;
/** Nor does 'disconnect', while a handle lacks its acknowledgement. */
const LOOK_FOR_MASTER_MS = 250;

interface StreamHandle extends RawHandle {
  readonly writeQueueSize?: number;
  readStop?(): number;
}

interface Owner {
  _handle: StreamHandle | null;
}

export class Giver {
  #isAllowed = false;
  #unsent = 0;
  #unhoused = 0;
  #lastMoveAt = 0;
  /** Connections given so far. */
  given = 0;

  /** There are siblings. */
  allow(): void {
    if (!this.#isAllowed) repeatUnref(LOOK_FOR_MASTER_MS, noticeOrphaned);
    this.#isAllowed = true;
  }

  get hasSiblings(): boolean {
    return this.#isAllowed;
  }

  /** The master's word: one of ours has found its place, or was closed. */
  housed(): void {
    this.#unhoused = Math.max(0, this.#unhoused - 1);
    this.#lastMoveAt = performance.now();
  }

  /** Something is on its way to the master: leaving now would cut it. */
  get isSending(): boolean {
    return this.#unsent > 0 && isMasterThere() && performance.now() - this.#lastMoveAt < MOST_UNSENT_MS;
  }

  /** False: its idle connections linger. */
  canGive({ server, address, isAlone }: TrackedServer): boolean {
    const isStalled = this.#unhoused >= MOST_UNHOUSED && performance.now() - this.#lastMoveAt > STALLED_MS;
    return this.#isAllowed && !isAlone && address !== undefined && isPlainHttp1(server) && isMasterThere() && !isStalled;
  }

  /** Those that are idle now. */
  giveIdle(tracked: TrackedServer): void {
    for (const socket of [...idleConnections(tracked)].filter(isAtRest)) {
      if (this.#unhoused >= MOST_UNHOUSED) return;
      this.#give(socket, tracked);
    }
  }

  #give(socket: Socket, { address }: TrackedServer): void {
    const isNew = socket.bytesRead === 0;
    const handle = detach(socket);
    if (handle === undefined || address === undefined) return;
    this.given++;
    this.#unsent++;
    this.#unhoused++;
    this.#lastMoveAt = performance.now();
    giveAway({ act: 'give', address, isNew }, handle, () => {
      this.#unsent--;
      handle.close(); // Not before: what waits behind another handle would be lost.
    });
  }
}

/** TLS servers and those of HTTP/2 have no such method, or have TLS. */
function isPlainHttp1(server: Server): boolean {
  return 'closeIdleConnections' in server && !('setSecureContext' in server);
}

/** Nothing on its way out, nothing read and not yet looked at, no end announced. */
function isAtRest(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as Owner;
  const isOpen = handle !== null && handle !== undefined && typeof handle.readStop === 'function' && !socket.destroyed;
  return isOpen && !socket.writableEnded && !socket.readableEnded && !socket.writableLength && !socket.readableLength && !handle.writeQueueSize;
}

/** All in one tick, or this process swallows what comes in meanwhile. Node counts the connection as closed, and frees its parser. */
function detach(socket: Socket): RawHandle | undefined {
  const owner = socket as unknown as Owner;
  const handle = owner._handle;
  if (handle === null) return undefined;
  handle.readStop?.();
  owner._handle = null;
  socket.destroy();
  return handle;
}
