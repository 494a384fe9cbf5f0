// A spare's side of waiting: it has no index of its own yet, and opens no socket that nobody could keep from it.

import { setVariable } from '../system/environment.js';
import type { ServerTracker } from '../system/server-tracker.js';
import { say } from '../system/uplink.js';

const INDEX_VARIABLES = ['APP_CLUSTER_WORKER_INDEX', 'CFORK_WORKER_INDEX'] as const;

/** Returns what admits it. */
export function awaitAdmission(tracker: ServerTracker): (index: number) => void {
  let open = () => {};
  tracker.untilAdmitted = new Promise(resolve => {
    open = resolve;
  });
  tracker.onHeld = () => say({ act: 'held' });
  return index => {
    for (const name of INDEX_VARIABLES) setVariable(name, String(index));
    tracker.untilAdmitted = undefined;
    open();
  };
}
