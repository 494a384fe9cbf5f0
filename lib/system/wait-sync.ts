// Waits without an event loop: for the milliseconds of a file lock.

export function waitSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
