// What a reload reads anew: what has changed takes effect, what was settled at the start stays settled.

import type { Reread } from './reload.js';
import type { Settings } from './settings.js';
import { type PortFacts, settlePort, withPort } from './settle-port.js';

export interface RereadingFacts extends PortFacts {
  /** As the options said when it was started. */
  readonly asked: Settings;
  /** What became of that: with the port that was free. */
  readonly effective: Settings;
}

export function rereading({ asked, effective, ...facts }: RereadingFacts, read: () => Promise<Settings>): () => Promise<Reread> {
  let last = asked;
  let port = effective.port;
  return async () => {
    const now = await read();
    const settled = now.port === last.port && port !== undefined ? withPort(now, port) : await settlePort(now, facts);
    const workers = now.workers.count === last.workers.count ? undefined : now.workers.count;
    last = now;
    port = settled.port;
    const { logs, hangFolder, keeperPid, name } = effective;
    return { settings: { ...settled, logs, hangFolder, keeperPid, name }, workers };
  };
}
