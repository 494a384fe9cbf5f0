// The IPC channel to the process that started this master, if there is one.

import { MOST_UNSENT, MOST_UNSENT_BYTES } from './child-channel.js';

export interface ParentLine {
  /** False once the parent is gone or has cut the channel: a daemonising parent does so on purpose. */
  readonly isOpen: boolean;
  /** Dropped when the parent does not read. */
  send(message: object): void;
  /** Returns how to stop listening. */
  listen(onMessage: (message: unknown) => void): () => void;
}

export const hasParent = (): boolean => process.send !== undefined && process.connected;

/** @param isHeard under a keeper: whether there is anybody above it */
export function parentLine(isHeard: () => boolean = () => true): ParentLine {
  let unsent = 0;
  return {
    get isOpen() {
      return hasParent() && isHeard();
    },
    send(message) {
      const queued = (process.channel as { writeQueueSize?: number } | undefined)?.writeQueueSize ?? 0;
      if (!this.isOpen || unsent >= MOST_UNSENT || queued > MOST_UNSENT_BYTES) return;
      unsent++;
      try {
        process.send?.(message, undefined, {}, () => {
          unsent--;
        });
      } catch {
        unsent--; // Closed in this very moment, or not serialisable.
      }
    },
    listen(onMessage) {
      if (!this.isOpen) return () => {};
      process.on('message', onMessage);
      return () => process.off('message', onMessage);
    },
  };
}
