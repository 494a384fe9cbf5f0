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
