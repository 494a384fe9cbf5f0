// Asks this worker's own servers for the readiness path until one of them answers with 2xx, and tells the master.

import type { Server } from 'node:net';
import { afterUnref } from '../system/clock.js';
import { injectRequest } from '../system/inject-request.js';
import type { ServerTracker } from '../system/server-tracker.js';
import { say } from '../system/uplink.js';

const EVERY_MS = 100;
const LIMIT_MS = 1_000;
const NOT_HTTP = 'what listens is no HTTP server of Node';

/** Returns what is to be told of each server that listens. */
export function readyCheck(path: string, tracker: ServerTracker): (server: Server) => void {
  let isReady = false;
  let last: string | undefined;
  const tell = (answer: string, ok: boolean) => {
    if (isReady || (answer === last && !ok)) return;
    last = answer;
    isReady = ok;
    say({ act: 'probed', answer, ok });
  };
  const ask = async (server: Server): Promise<void> => {
    if (isReady || !server.listening) return;
    const probe = await injectRequest(server, { path, limitMs: LIMIT_MS, tracker });
    if (probe === undefined) return tell(last ?? NOT_HTTP, false);
    tell(probe.answer, probe.ok);
    if (!probe.ok) afterUnref(EVERY_MS, () => void ask(server));
  };
  return server => void ask(server);
}
