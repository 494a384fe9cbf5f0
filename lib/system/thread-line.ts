// A worker thread's line to its master: user messages on the port that Node gives every thread, where frameworks of the egg kind
// listen; our own words, and what `cluster` would say for a process, on a second one.

import { isMainThread, type MessagePort, parentPort, threadId, workerData } from 'node:worker_threads';

/** Under this key, so that user code of a thread of its own never looks like ours. */
export const CONTROL_KEY = 'app-cluster:control';

const control: MessagePort | undefined = isMainThread ? undefined : ((workerData as Record<string, MessagePort> | null)?.[CONTROL_KEY] ?? undefined);

/** True in a thread that a master of ours started. */
export const isWorkerThread = control !== undefined;

/** What messages call this worker: its pid, or its thread's id. */
export function workerId(): number {
  return isWorkerThread ? threadId : process.pid;
}

export function sayOnThread(message: object): void {
  control?.postMessage(message);
}

export function onThreadWord(listener: (message: Record<string, unknown>) => void): void {
  control?.on('message', listener);
}

/** False when it cannot be copied to another thread. */
export function sendFromThread(message: unknown): boolean {
  try {
    parentPort?.postMessage(message);
    return true;
  } catch {
    return false;
  }
}

export function onThreadMessage(listener: (message: unknown) => void): void {
  parentPort?.on('message', listener);
}
