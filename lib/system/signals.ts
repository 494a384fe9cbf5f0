// Signals → calls.

/** Calls `listener` for each of them until disposed. */
export function onSignals(names: readonly NodeJS.Signals[], listener: (name: NodeJS.Signals) => void): () => void {
  const supported = names.filter(name => process.platform !== 'win32' || ['SIGINT', 'SIGTERM', 'SIGBREAK', 'SIGHUP'].includes(name));
  for (const name of supported) process.on(name, listener);
  return () => {
    for (const name of supported) process.off(name, listener);
  };
}

/** A closed terminal or pipe must not end us, nor feed the log that then writes into it again. */
export function surviveBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

export type Listener = (...args: unknown[]) => void;

/** True when somebody besides us listens. */
export function hasOthers(signal: NodeJS.Signals): boolean {
  return process.listenerCount(signal) > 1;
}

/** Runs `add`, takes the listeners it added to the process off again, and returns them. */
export function addedListeners(events: readonly string[], add: () => void): Map<string, Listener> {
  const before = new Map(events.map(event => [event, new Set(process.rawListeners(event))]));
  add();
  const added = new Map<string, Listener>();
  for (const event of events) {
    for (const listener of process.rawListeners(event).filter(candidate => !before.get(event)?.has(candidate))) {
      process.off(event, listener as Listener);
      added.set(event, withoutOnce(listener as Listener & { listener?: Listener }));
    }
  }
  return added;
}

/** `once` wraps; the wrapper works only while it is registered. */
const withoutOnce = (listener: Listener & { listener?: Listener }): Listener => listener.listener ?? listener;
