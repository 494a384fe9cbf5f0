// Ctrl-C while a command follows something: the end, and no error.

let controller: AbortController | undefined;

export function untilInterrupted(): AbortSignal {
  if (controller !== undefined) return controller.signal;
  const interrupted = new AbortController();
  controller = interrupted;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const) process.once(name, () => interrupted.abort());
  return interrupted.signal;
}
