// Closes listening servers without losing those who queue at their sockets: who has not been accepted when the last copy of a socket is closed is reset.
//
// Libuv accepts one connection in a turn of the event loop, and between two turns requests are answered whose clients come again at once:
// under load the queue is never found empty. So for a moment connections are accepted and nothing else is done with them; they are let in
// when the socket is closed. Non-public, the same on Node 20, 22, 24 and 26: `server._handle` and its `onconnection`, which core's own
// cluster calls. Where one of them is missing the server is closed as it is, and what queues may be reset.

import { Server } from 'node:net';
import { type Clock, pause, turn } from './clock.js';
import type { RawHandle } from './held-sockets.js';

/** Of clients that nobody answers most have come by then, and few come in the moment of the close. */
const QUIET_MS = 2;
/** However many may come: those that are here wait. */
const LONGEST_QUEST_MS = 100;
/** A turn without one there is soon, unless the turns are long. */
const LONGEST_MS = 500;
const SHORT_TURN_MS = 1;

interface Gathering {
  readonly server: Server;
  readonly handle: RawHandle | undefined;
  readonly letIn: RawHandle['onconnection'] | undefined;
  readonly rest: unknown[][];
}

/** Resolves when they listen no more. `net`'s close stops accepting and nothing else, whatever kind of server it is. */
export async function closeListening(servers: readonly Server[], clock: Clock): Promise<void> {
  if (servers.length === 0) return;
  const gatherings = servers.map(gather);
  const count = () => gatherings.reduce((sum, { rest }) => sum + rest.length, 0);
  const startedAt = clock.now();
  const isPast = (limitMs: number) => () => clock.now() - startedAt >= limitMs;
  const isQuiet = await findNobody(count, () => quietTime(clock), isPast(LONGEST_QUEST_MS));
  if (!isQuiet) await findNobody(count, () => wholeTurn(clock), isPast(LONGEST_MS));
  for (const { server, handle, letIn, rest } of gatherings) {
    handle?.close();
    for (const connection of rest) unharmed(() => (letIn as (...args: unknown[]) => void).apply(handle, connection));
    Server.prototype.close.call(server);
  }
}

/** What a listener of the application throws is uncaught, as it would be at any connection, and nobody else's affair. */
function unharmed(act: () => void): void {
  try {
    act();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}

function gather(server: Server): Gathering {
  const { _handle: handle } = server as unknown as { _handle?: RawHandle | null };
  const rest: unknown[][] = [];
  if (!handle || typeof handle.onconnection !== 'function') return { server, handle: undefined, letIn: undefined, rest };
  const letIn = handle.onconnection;
  handle.onconnection = (...connection: unknown[]) => void rest.push(connection);
  return { server, handle, letIn, rest };
}

/** @param wait tells whether what is found after it is as good as new; it is not where the loop was busy, or the machine */
async function findNobody(count: () => number, wait: () => Promise<boolean>, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    const before = count();
    const isFresh = await wait();
    if (isFresh && count() === before) return true;
  }
  return false;
}

/** Asleep, so that the processor is ours in the turn that matters. */
async function quietTime(clock: Clock): Promise<boolean> {
  await pause(clock, QUIET_MS);
  return wholeTurn(clock);
}

/** A turn of the event loop with its look at the queue. Who comes after that, in a long one, is not seen. */
async function wholeTurn(clock: Clock): Promise<boolean> {
  const startedAt = clock.now();
  await turn();
  return clock.now() - startedAt < SHORT_TURN_MS;
}
