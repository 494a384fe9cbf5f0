// What this process itself writes, seen on its way: for a master whose lines are recorded beside those of its workers.

import type { Stream } from '../protocol/log-line.js';
import { unblockTerminal } from './terminal-output.js';

/** @param see returns true when the text has found its way, and is not to be written where it was going */
export function copyOutput(see: (stream: Stream, text: string) => boolean): void {
  for (const [stream, output] of [
    ['out', process.stdout],
    ['err', process.stderr],
  ] as const) {
    const write = output.write;
    output.write = function (this: typeof output, chunk: unknown, ...rest: unknown[]) {
      const text = typeof chunk === 'string' ? chunk : chunk instanceof Uint8Array ? new TextDecoder().decode(chunk) : '';
      if (output.isTTY) unblockTerminal();
      if (!see(stream, text)) return (write as (...args: unknown[]) => boolean).call(this, chunk, ...rest);
      const done = rest.find(argument => typeof argument === 'function') as (() => void) | undefined;
      if (done) queueMicrotask(done);
      return true;
    } as typeof write;
  }
}
