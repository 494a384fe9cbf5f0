// What is passed on to this process's own stdout and stderr. A terminal that is held (Ctrl-S), or a pipe that nobody reads, must hold up
// nobody: what does not fit is left out there. It is a view; the log has everything.

import { systemClock } from './clock.js';

/** What may wait for a reader. */
const MOST_WAITING_BYTES = 4 * 2 ** 20;

interface Blocking {
  readonly _handle?: { setBlocking?: (on: boolean) => void };
}

/**
 * Node makes a terminal block its writer, and so does every child that inherits it: said again before each write. `setBlocking` is
 * non-public, in every Node since 6; without it a held terminal blocks, as ever.
 */
export function unblockTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) if (stream.isTTY) (stream as unknown as Blocking)._handle?.setBlocking?.(false);
}

/** A copy: the buffer may be used again. False when it was left out. */
export function passOn(stream: 'out' | 'err', chunk: Uint8Array): boolean {
  const output = stream === 'out' ? process.stdout : process.stderr;
  unblockTerminal();
  if (output.writableLength > MOST_WAITING_BYTES || output.destroyed) return false;
  output.write(Buffer.from(chunk));
  return true;
}

/** Resolves when what waits has been read, or nobody reads it. */
export async function flushOutput(limitMs: number): Promise<void> {
  const flushed = [process.stdout, process.stderr].map(
    output => new Promise<void>(resolve => (output.writableLength === 0 || output.destroyed ? resolve() : void output.write('', () => resolve()))),
  );
  const late = new Promise<void>(resolve => {
    systemClock.after(limitMs, resolve);
  });
  await Promise.race([Promise.all(flushed), late]);
}
