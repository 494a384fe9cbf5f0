// A worker's line to its master. Our words travel as Node-internal messages: user code never sees them, order is kept.

import cluster from 'node:cluster';
import { CMD, type MasterWord, type WorkerWord } from '../protocol/words.js';
import { PRELOAD_FILE, PRELOAD_URL } from './entries.js';
import type { RawHandle } from './held-sockets.js';
import { isWorkerThread, onThreadMessage, onThreadWord, sayOnThread, sendFromThread } from './thread-line.js';

/** Never throws: a master that is gone hears nothing. */
export function say(word: WorkerWord, onSent: () => void = () => {}): void {
  if (isWorkerThread) {
    sayOnThread({ cmd: CMD, ...word });
    return onSent();
  }
  if (!process.connected || !process.send) return onSent();
  try {
    process.send({ cmd: CMD, ...word }, undefined, {}, () => onSent());
  } catch {
    onSent();
  }
}

/** A word that brings a connection; `onSent` is called once, when our copy may be closed. */
export function giveAway(word: WorkerWord, handle: RawHandle, onSent: () => void): void {
  try {
    if (!isMasterThere()) return onSent();
    process.send?.({ cmd: CMD, ...word }, handle as never, {}, onSent);
  } catch {
    onSent();
  }
}

/** 'disconnect' does not say so while a handle lacks its acknowledgement (Node 20 to 26). */
export function isMasterThere(): boolean {
  return !isWorkerThread && process.connected === true;
}

/** Sends a user message. False when there is no channel (any more). */
export function sendUserMessage(message: object): boolean {
  if (isWorkerThread) return sendFromThread(message);
  if (!process.connected || !process.send) return false;
  try {
    process.send(message, undefined, {}, () => {});
    return true;
  } catch {
    return false;
  }
}

export function onUserMessage(listener: (message: unknown) => void): void {
  if (isWorkerThread) onThreadMessage(listener);
  else process.on('message', listener);
}

export function onWord(listener: (word: MasterWord, handle?: RawHandle) => void): void {
  const hear = (message: unknown, handle?: unknown) => {
    if ((message as { cmd?: unknown } | null)?.cmd === CMD) listener(message as MasterWord, handle as RawHandle | undefined);
  };
  if (isWorkerThread) onThreadWord(hear);
  else process.on('internalMessage' as 'message', hear);
}

const orphaned = new Set<() => void>();

/** Calls back once when the master is gone or has cut the channel. A thread does not outlive its master. */
export function onOrphaned(listener: () => void): void {
  if (isWorkerThread) return;
  const once = () => {
    if (orphaned.delete(once)) listener();
  };
  orphaned.add(once);
  if (process.connected) process.once('disconnect', once);
  else once(); // Cut before anybody could listen.
}

/** Where 'disconnect' may not come, somebody has to look. */
export function noticeOrphaned(): void {
  if (!isMasterThere()) for (const once of [...orphaned]) once();
}

/**
 * Node ends a cluster worker with process.exit(0) the moment its master is gone, requests in flight included, unless it
 * was asked to leave before. Saying so from birth turns a dead master into our own drain. Public property, set early.
 */
export function outliveMaster(): void {
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
}

/** Lets the process end by itself when only the channel keeps it alive. */
export function releaseChannel(): void {
  process.channel?.unref();
}

/** A SIGTERM, which a thread gets as a word. */
export function onTerminate(listener: () => void): void {
  if (isWorkerThread) onWord(({ act }) => act === 'signal' && listener());
  else process.on('SIGTERM', listener);
}

/** Our own preload must not be inherited by what user code forks. */
export function forgetPreload(): void {
  const at = process.execArgv.findIndex(option => option === PRELOAD_FILE || option === PRELOAD_URL);
  if (at > 0) process.execArgv.splice(at - 1, 2);
}
