// An app worker that waits for its turn: it boots as any other, but what makes a worker one of the cluster (its question for a listening
// socket, its word that it is ready) is kept here. Somebody takes it by watching it, and hears then what it had said, in order.

import type { Exit, LastWords } from '../protocol/events.js';
import { parseWorkerWord } from '../protocol/words.js';
import { closeQuietly, framed } from '../system/child-channel.js';
import type { ChildListener, ForkedChild } from '../system/forker.js';
import { isListenQuestion } from '../system/held-sockets.js';
import { type ProcessIdentity, signalAll, stillAlive } from '../system/process-tree.js';
import { isReadySignal } from './reception.js';

export interface ParkedHooks {
  /** Options that did not go into its command line. */
  readonly options: unknown;
  /** The message `ready` means that it has started. */
  readonly awaitsSignal: boolean;
  /** It has got as far as it can: it waits for a socket, or for its turn alone. */
  onWaiting(): void;
  /** It lives, or is still starting. */
  onBeat(): void;
  /** For others. */
  onMessage(message: unknown): void;
  onLeaving(): void;
  onExit(exit: Exit): void;
}

type Said = (listener: ChildListener) => void;

/** One that repeats itself must not fill the master's memory. */
const MOST_KEPT = 1_000;

export class ParkedChild implements ForkedChild {
  readonly #forked: ForkedChild;
  readonly #hooks: ParkedHooks;
  #listener: ChildListener | undefined;
  #kept: Said[] = [];
  #isTaken = false;
  #family: readonly ProcessIdentity[] = [];
  lastWords: LastWords = { lines: [] };

  constructor(forked: ForkedChild, hooks: ParkedHooks) {
    this.#forked = forked;
    this.#hooks = hooks;
    forked.watch({
      onMessage: message => this.#onMessage(message),
      onInternal: (message, handle) => this.#onInternal(message, handle),
      onListening: address => this.#keep(listener => listener.onListening(address)),
      onDisconnect: () => this.#onDisconnect(),
      onError: error => this.#keep(listener => listener.onError(error)),
      onExit: exit => this.#onExit(exit),
      onSettled: () => this.#keep(listener => listener.onSettled()),
    });
  }

  get pid(): number {
    return this.#forked.pid;
  }
  get state(): string {
    return this.#forked.state;
  }
  get isConnected(): boolean {
    return this.#forked.isConnected;
  }
  get inspectorPort(): number | undefined {
    return this.#forked.inspectorPort;
  }
  get mark(): string {
    return this.#forked.mark;
  }
  get isThread(): boolean {
    return this.#forked.isThread;
  }
  get output(): NonNullable<ForkedChild['output']> {
    return this.#forked.output ?? {};
  }
  /** Descendants that were seen alive when it was told to go. */
  get family(): readonly ProcessIdentity[] {
    return this.#family;
  }
  descendants(): readonly ProcessIdentity[] {
    return this.#forked.descendants();
  }
  send(message: unknown, handle?: unknown, onSent?: (error: Error | null) => void): boolean {
    return this.#forked.send(message, handle, onSent);
  }
  signal(name: NodeJS.Signals): void {
    this.#forked.signal(name);
  }

  /** It is somebody's from now on, who hears the rest in the turn after this: until then nobody knows whose it is. */
  watch(listener: ChildListener): void {
    this.#isTaken = true;
    queueMicrotask(() => {
      this.#listener = listener;
      for (const say of this.#kept.splice(0)) say(listener);
    });
  }

  leave(): void {
    this.send(framed({ act: 'leave' }));
    this.signalTree('SIGTERM');
  }

  signalTree(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#family = [...this.#family, ...this.descendants()];
    this.signal(signal);
    signalAll(stillAlive(this.#family), signal);
  }

  #keep(say: Said): void {
    if (this.#listener !== undefined) say(this.#listener);
    else if (this.#kept.length < MOST_KEPT) this.#kept.push(say);
  }

  /** Where it can be reached is told with the listening; the rest is between it and its peers. */
  #onMessage(message: unknown): void {
    const isSignal = this.#hooks.awaitsSignal && isReadySignal(message);
    const isOurs = isSignal || (message as { action?: unknown } | null)?.action === 'realport';
    if (isOurs || this.#isTaken) this.#keep(listener => listener.onMessage(message));
    else this.#hooks.onMessage(message);
    if (isSignal && !this.#isTaken) this.#hooks.onWaiting();
  }

  #onInternal(message: Record<string, unknown>, handle: unknown): boolean {
    if (this.#listener !== undefined) return this.#listener.onInternal(message, handle);
    const word = parseWorkerWord(message);
    if (word === undefined) return isListenQuestion(message) && this.#keepQuestion({ ...message });
    closeQuietly(handle);
    const said = { ...message }; // The channel marks the original as answered.
    if (word.act === 'hello') this.send(framed({ act: 'boot', options: this.#hooks.options }));
    if (word.act === 'beat' || word.act === 'starting') this.#hooks.onBeat();
    if (word.act === 'last-words') this.lastWords = word.words;
    if (word.act === 'leaving') this.#hooks.onLeaving();
    if (word.act !== 'hello' && word.act !== 'beat') this.#keep(listener => void listener.onInternal(said));
    if (word.act === 'ready' || word.act === 'held') this.#hooks.onWaiting();
    return true;
  }

  /** What whoever takes it does not answer is Node's own to answer. */
  #keepQuestion(question: Record<string, unknown>): true {
    this.#keep(listener => {
      if (!listener.onInternal(question)) this.#forked.passOn?.(question);
    });
    this.#hooks.onWaiting();
    return true;
  }

  #onDisconnect(): void {
    if (!this.#isTaken) this.#hooks.onLeaving();
    this.#keep(listener => listener.onDisconnect());
  }

  #onExit(exit: Exit): void {
    if (!this.#isTaken) this.#hooks.onExit(exit);
    this.#keep(listener => listener.onExit(exit));
  }
}
