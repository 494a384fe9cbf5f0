// For tests: the whole event stream to the parent process, one message an event.

import type { ClusterEvent } from '../protocol/events.js';
import type { ParentLine } from '../system/parent-line.js';

/** Set to 1 by whoever wants the stream; `app-cluster/testing` does. */
export const EVENTS_VARIABLE = 'APP_CLUSTER_TELL_EVENTS';
export const EVENT_ACTION = 'app-cluster-event';

export function tellParent(parent: ParentLine): (event: ClusterEvent) => void {
  return event => parent.send({ action: EVENT_ACTION, data: event, from: 'master', to: 'parent' });
}
