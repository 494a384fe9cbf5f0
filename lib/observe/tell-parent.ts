// For tests: the whole event stream to the parent process, one message an event.

import type { ClusterEvent } from '../protocol/events.js';
import { EVENT_ACTION } from '../protocol/testing-words.js';
import type { ParentLine } from '../system/parent-line.js';

export function tellParent(parent: ParentLine): (event: ClusterEvent) => void {
  return event => parent.send({ action: EVENT_ACTION, data: event, from: 'master', to: 'parent' });
}
