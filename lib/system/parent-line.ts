// The IPC channel to the process that started this master, if there is one.

export interface ParentLine {
  /** False once the parent is gone or has cut the channel: a daemonising parent does so on purpose. */
  readonly isOpen: boolean;
  send(message: object): void;
  /** Returns how to stop listening. */
  listen(onMessage: (message: unknown) => void): () => void;
}

export function parentLine(): ParentLine {
  return {
    get isOpen() {
      return process.send !== undefined && process.connected;
    },
    send(message) {
      if (!this.isOpen) return;
      try {
        process.send?.(message, undefined, {}, () => {});
      } catch {} // Closed in this very moment, or not serialisable.
    },
    listen(onMessage) {
      if (!this.isOpen) return () => {};
      process.on('message', onMessage);
      return () => process.off('message', onMessage);
    },
  };
}
