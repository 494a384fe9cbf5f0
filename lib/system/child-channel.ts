// What a forked child_process and a cluster worker have in common: one channel, one exit. Owns the listeners on it.

import type { ChildProcess } from 'node:child_process';
import type { Exit } from '../protocol/events.js';
import type { Stream } from '../protocol/log-line.js';
import { CMD } from '../protocol/words.js';
import type { ChildListener, ForkedChild } from './forker.js';
import { type OutputPipe, takeOutput } from './output-pipe.js';
import { descendantsOf, type ProcessIdentity } from './process-tree.js';

/** More unsent messages than this to one child are dropped: it does not read, and the master must not grow with it. */
export const MOST_UNSENT = 10_000;
/** The same in bytes. A single message may be larger. */
export const MOST_UNSENT_BYTES = 64 * 2 ** 20;
/** How often to look whether the channel of a dead child has been read to its end. */
const MOST_SETTLE_TURNS = 10_000;

interface Channel {
  /** Bytes that the operating system has not taken yet (libuv's write queue). Non-public; undefined means unknown. */
  readonly writeQueueSize?: number;
}

export class ChildChannel implements ForkedChild {
  readonly mark: string;
  readonly isThread = false;
  readonly #process: ChildProcess;
  readonly #stateOf: () => string;
  readonly output: Readonly<Partial<Record<Stream, OutputPipe>>>;
  #listener: ChildListener | undefined;
  #exit: Exit | undefined;
  #unsent = 0;

  constructor(forked: ChildProcess, mark: string, stateOf: () => string) {
    this.#process = forked;
    this.mark = mark;
    this.#stateOf = stateOf;
    const [out, err] = [takeOutput(forked, 'stdout'), takeOutput(forked, 'stderr')];
    this.output = { ...(out && { out }), ...(err && { err }) };
    forked.on('error', error => this.#onError(error));
    forked.once('exit', (code, signal) => this.#onExit({ code, signal }));
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }
  get state(): string {
    return this.#stateOf();
  }
  descendants(): readonly ProcessIdentity[] {
    return this.#exit === undefined ? descendantsOf(this.pid) : [];
  }
  get isConnected(): boolean {
    return this.#process.connected;
  }

  get inspectorPort(): number | undefined {
    const [port] = this.#process.spawnargs.flatMap(option => /^--inspect-port=(\d+)$/.exec(option)?.[1] ?? []).slice(-1);
    return port === undefined ? undefined : Number(port);
  }

  watch(listener: ChildListener): void {
    this.#listener = listener;
    this.#process.on('message', (message, handle) => {
      closeQuietly(handle); // A child may send us a socket; keeping it would leak a descriptor.
      listener.onMessage(message);
    });
    // First in line, so that an answer of ours comes before Node's own: core's handler ignores an act it does not know.
    this.#process.prependListener('internalMessage' as 'message', (message, handle) => {
      if (typeof message !== 'object' || message === null) return;
      const internal = message as Record<string, unknown>;
      if (listener.onInternal(internal, handle)) internal['act'] = 'answered';
      else if (internal['cmd'] === CMD) closeQuietly(handle); // Node's own are Node's to close.
    });
    this.#process.once('disconnect', () => listener.onDisconnect());
  }

  send(message: unknown, handle?: unknown, onSent?: (error: Error | null) => void): boolean {
    const queued = (this.#process.channel as Channel | null | undefined)?.writeQueueSize ?? 0;
    if (!this.#process.connected || this.#unsent >= MOST_UNSENT || queued > MOST_UNSENT_BYTES) return false;
    this.#unsent++;
    try {
      this.#process.send(message as object, handle as undefined, {}, error => {
        this.#unsent--;
        onSent?.(error);
      });
      return true;
    } catch {
      this.#unsent--; // Not serialisable, or closed in this very moment.
      return false;
    }
  }

  signal(name: NodeJS.Signals): void {
    if (this.#exit === undefined) this.#process.kill(name);
  }

  passOn(message: Record<string, unknown>): void {
    this.#process.emit('internalMessage' as 'message', message as never, undefined as never);
  }

  /** A fork that failed has no pid and never exits. */
  #onError(error: Error): void {
    if (this.#process.pid === undefined) this.#onExit({ code: null, signal: null, error: error.message });
    else this.#listener?.onError(error);
  }

  #onExit(exit: Exit): void {
    if (this.#exit !== undefined) return;
    this.#exit = exit;
    queueMicrotask(() => this.#listener?.onExit(exit));
    this.#settle(MOST_SETTLE_TURNS);
  }

  /** 'disconnect' never comes while a handle sent to the dead child lacks its acknowledgement; `connected` turns false all the same. */
  #settle(turnsLeft: number): void {
    if (this.#process.connected && turnsLeft > 0) setImmediate(() => this.#settle(turnsLeft - 1));
    else queueMicrotask(() => this.#listener?.onSettled());
  }
}

/** Frames one of our own words, so that user code in the child does not see it. */
export function framed<W extends object>(word: W): W & { cmd: typeof CMD } {
  return { cmd: CMD, ...word };
}

/** Of a handle that nobody wants. */
export function closeQuietly(handle: unknown): void {
  try {
    (handle as { destroy?: () => void; close?: () => void } | undefined)?.destroy?.();
    (handle as { close?: () => void } | undefined)?.close?.();
  } catch {}
}
