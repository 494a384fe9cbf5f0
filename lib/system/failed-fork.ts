// A fork that failed at once (the environment is too large, no memory): a child whose only fact is its exit.

import { messageOf } from '../errors.js';
import type { ForkedChild } from './forker.js';

export function failedFork(error: unknown, mark: string): ForkedChild {
  return {
    pid: 0,
    state: 'dead',
    isConnected: false,
    inspectorPort: undefined,
    isThread: false,
    descendants: () => [],
    mark,
    watch: listener => {
      setImmediate(() => {
        listener.onExit({ code: null, signal: null, error: messageOf(error) });
        listener.onSettled();
      });
    },
    send: () => false,
    signal: () => {},
  };
}
