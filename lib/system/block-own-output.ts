// Makes this process's own output synchronous.

/**
 * Writes of this process to its stdout and stderr happen at once, as into a file: what is written before `process.exit` is not lost.
 * On Linux a pipe is asynchronous otherwise. `setBlocking` is non-public, in every Node since 6; without it the end may be cut, as it was.
 */
export function blockOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const { _handle } = stream as unknown as { _handle?: { setBlocking?: (on: boolean) => void } };
    if (!stream.isTTY) _handle?.setBlocking?.(true);
  }
}
