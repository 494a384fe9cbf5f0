// The reading end of a child's stdout or stderr, never read here: kept, and handed to the process that records it.
//
// Node reads a child's output as soon as there is some. Stopped in the same tick as the fork, not a byte has been read; the handle then
// is passed on, again and again if need be: bytes wait in the kernel, and no log line ever is in a supervisor's memory.
// `_handle` and its `readStop` are non-public (same on Node 20 to 26, probed at every use). Where they are missing children
// inherit their output, and nothing is recorded.

import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { systemClock } from './clock.js';

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

/** What fits into a socket's queue: a child that writes much fills it in some milliseconds. */
const BUFFER_BYTES = 256 * 2 ** 10;
/** A pipe that had little is left alone for so long: lines come together, and a reader that is killed rarely has any in its hands. */
const GATHER_MS = 20;
/** After much has come: one that is kept waiting blocks its writer. */
const BUSY_MS = 500;

/**
 * Reads what another process has handed over.
 * @param onChunk is called before the next read, the buffer is used again; true: that was much
 */
export function readPipe(handle: unknown, { onChunk, onEnd }: { onChunk(chunk: Buffer): boolean; onEnd(): void }): void {
  const options = {
    handle,
    readable: true,
    writable: false,
    onread: {
      buffer: Buffer.allocUnsafe(BUFFER_BYTES),
      callback: (count: number, buffer: Buffer) => {
        if (onChunk(buffer.subarray(0, count))) busyUntilMs = systemClock.now() + BUSY_MS;
        if (systemClock.now() < busyUntilMs) return true;
        systemClock.after(GATHER_MS, () => socket.resume());
        return false;
      },
    },
  };
  let busyUntilMs = 0;
  const socket: Socket = new Socket(options as object);
  socket
    .once('close', onEnd)
    .on('error', () => {})
    .on('end', () => socket.destroy());
  socket.resume();
}
