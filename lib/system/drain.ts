// Drains this process's servers: accepts no more, loses no request that was accepted, and says when nothing is left.

import { Server } from 'node:net';
import { type Clock, pause } from './clock.js';
import { closeIdle, onRequests, sayFarewell, sayGoodbye, stopListening } from './farewell.js';
import type { Giver } from './give-connections.js';
import type { ServerTracker } from './server-tracker.js';
import type { TrackedServer } from './tracked-server.js';

const POLL_MS = 10;

/**
 * Resolves when the last connection is gone. Idle ones are given to a sibling where that is possible, also those that become idle later
 * (their last response was begun before); the others may still ask for `lingerMs`. Upgraded ones (WebSocket) and open streams stay as long
 * as their peers want: the caller has the budget.
 */
export async function drainServers(
  tracker: ServerTracker,
  giver: Giver,
  { lingerMs, clock }: { readonly lingerMs: number; readonly clock: Clock },
): Promise<void> {
  const draining = [...tracker.servers];
  const startedAt = clock.now();
  onRequests(({ response }) => sayGoodbye(response));
  const closed = stopAccepting(draining, giver, clock);
  for (const tracked of draining) sayFarewell(tracked, { closed, lingerMs, clock });
  await closed;
  while (draining.some(({ sockets }) => sockets.size > 0) || giver.isSending) {
    const isLate = clock.now() - startedAt >= lingerMs;
    for (const tracked of draining) {
      if (giver.canGive(tracked)) giver.giveIdle(tracked);
      else if (isLate) closeIdle(tracked);
    }
    await pause(clock, POLL_MS);
  }
}

/** Where siblings go on with a socket, who queues there is theirs. */
function stopAccepting(draining: readonly TrackedServer[], giver: Giver, clock: Clock): Promise<void> {
  for (const tracked of draining) {
    const isTheirs = giver.hasSiblings && !tracked.isAlone;
    if (!isTheirs || tracked.stopped !== undefined) continue;
    Server.prototype.close.call(tracked.server);
    tracked.stopped = Promise.resolve();
  }
  return stopListening(draining, clock);
}
