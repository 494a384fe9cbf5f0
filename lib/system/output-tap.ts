// Sees what this process writes to stdout and stderr, and its last error, without changing either.

export function tapOutput(see: (text: string) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write;
    stream.write = function (this: typeof stream, chunk: unknown, ...rest: unknown[]) {
      if (typeof chunk === 'string') see(chunk);
      return (write as (...args: unknown[]) => boolean).call(this, chunk, ...rest);
    } as typeof write;
  }
}

export function onFatal({ onError, onExit }: { onError(error: unknown): void; onExit(code: number): void }): void {
  process.on('uncaughtExceptionMonitor', onError);
  process.on('exit', onExit);
}
