// The reading end of a child's stdout or stderr, never read here: kept, and handed to the process that records it.
//
// Node reads a child's output as soon as there is some. Stopped in the same tick as the fork, not a byte has been read; the handle then
// is passed on, again and again if need be: bytes wait in the kernel, and no log line ever is in a supervisor's memory.
// `_handle` and its `readStop` are non-public (same on Node 20 to 26, probed at every use). Where they are missing children
// inherit their output, and nothing is recorded.

import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';

export interface OutputPipe {
  /** For `send`. */
  readonly handle: unknown;
  /** Reads and throws away, so that the child does not block when nobody else can read. Returns how to stop that. */
  discard(onBytes: (count: number) => void): () => void;
  close(): void;
}

interface RawHandle {
  readStop(): number;
  close(): void;
}

interface WithHandle {
  _handle: RawHandle | null;
}

/** Call in the tick of the fork. Undefined when there is no pipe, or Node keeps it elsewhere. */
export function takeOutput(child: ChildProcess, stream: 'stdout' | 'stderr'): OutputPipe | undefined {
  const socket = child[stream] as unknown as WithHandle | null;
  const handle = socket?._handle;
  if (socket === null || typeof handle?.readStop !== 'function') return undefined;
  handle.readStop();
  socket._handle = null; // Or Node would read on when the child exits.
  return outputPipe(handle);
}

function outputPipe(handle: RawHandle): OutputPipe {
  let isClosed = false;
  return {
    handle,
    discard(onBytes) {
      const socket = new Socket({ handle, readable: true, writable: false } as object);
      socket.on('data', chunk => onBytes(chunk.length)).on('error', () => {});
      return () => {
        handle.readStop();
        (socket as unknown as WithHandle)._handle = null;
      };
    },
    close() {
      if (!isClosed) handle.close();
      isClosed = true;
    },
  };
}

/**
 * Reads what another process has handed over. @param onChunk is called before the next read; the buffer is used again
 */
export function readPipe(handle: unknown, { onChunk, onEnd }: { onChunk(chunk: Buffer): void; onEnd(): void }): void {
  const options = {
    handle,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(65_536),
      callback: (count: number, buffer: Buffer) => {
        onChunk(buffer.subarray(0, count));
        return true;
      },
    },
  };
  const socket = new Socket(options as object);
  socket
    .once('close', onEnd)
    .on('error', () => {})
    .on('end', () => socket.destroy());
  socket.resume();
}

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
