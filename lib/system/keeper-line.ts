// The line to the keeper, in a master that has one. Owns the listeners on it, and the sockets that came with the birth.

import { ClusterError } from '../errors.js';
import { type Birth, KEEPER_VARIABLE, type KeeperMemory, type KeeperWord, type KeptWord } from '../protocol/keeper-words.js';
import type { ListenQuery } from '../protocol/listen-query.js';
import { CMD } from '../protocol/words.js';
import { pause, repeatUnref, systemClock } from './clock.js';
import { takeVariable } from './environment.js';
import { type HeldSocket, keyOf, type RawHandle, type SocketStore } from './held-sockets.js';
import { onSignals } from './signals.js';

/** 'disconnect' does not come while a handle that was sent is not acknowledged (research: sockets): looked after as well. */
const WATCH_MS = 500;
/** Handles that wait for their acknowledgement hold up what was said after them. */
const FLUSH_MS = 1_000;
const POLL_MS = 5;
/** A keeper that is alive closes a socket within a millisecond. */
const RELEASED_MS = 200;
const EARLY_SIGNALS = ['SIGHUP', 'SIGUSR2', 'SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

export interface KeeperLine {
  /** The keeper's: what others know this instance by. */
  readonly pid: number;
  /** Comes before anything else is said. */
  readonly birth: Promise<Birth>;
  readonly sockets: SocketStore;
  say(word: KeptWord, handle?: RawHandle, onSent?: () => void): void;
  remember(memory: KeeperMemory): void;
  /** Resolves when everything has been taken by the system, or it takes too long. */
  flushed(): Promise<void>;
  /** From now on; what came before the first listener is told to it. */
  listen(listener: (word: KeeperWord, handle: RawHandle | undefined) => void): void;
  /** It was killed, or has cut the line. Once. */
  onLost(listener: () => void): void;
}

/** Undefined where nobody keeps this process; `lost` where the keeper died while it was being born. */
export function openKeeperLine(): KeeperLine | 'lost' | undefined {
  const pid = Number(takeVariable(KEEPER_VARIABLE));
  if (!(pid > 0)) return undefined;
  if (process.send === undefined || !process.connected) return 'lost';
  onSignals(EARLY_SIGNALS, () => {}); // Until somebody obeys: they are the keeper's to pass on.
  return new Line(pid);
}

class Line implements KeeperLine {
  readonly pid: number;
  readonly birth: Promise<Birth>;
  readonly sockets: KeptSockets;
  #unsent = 0;
  #listener: ((word: KeeperWord, handle: RawHandle | undefined) => void) | undefined;
  readonly #unheard: [KeeperWord, RawHandle | undefined][] = [];
  #tellBirth: (birth: Birth) => void = () => {};

  constructor(pid: number) {
    this.pid = pid;
    this.birth = new Promise((resolve, reject) => {
      this.#tellBirth = resolve;
      process.once('disconnect', () => reject(new ClusterError('ERR_STOPPED', `The keeper ${pid} is gone.`)));
    });
    this.birth.catch(() => {}); // Looked at when it is needed.
    this.sockets = new KeptSockets(word => this.say(word));
    process.on('internalMessage' as 'message', (message, handle) => {
      if ((message as { cmd?: unknown } | null)?.cmd === CMD) this.#hear(message as KeeperWord, handle as RawHandle | undefined);
    });
    process.on('disconnect', () => {}); // Keeps the channel open, and us alive while it is.
    this.say({ act: 'hello' });
  }

  say(word: KeptWord, handle?: RawHandle, onSent: () => void = () => {}): void {
    this.#unsent++;
    const done = () => {
      this.#unsent--;
      onSent();
    };
    if (!process.connected) return done();
    try {
      process.send?.({ cmd: CMD, ...word }, handle as undefined, {}, done);
    } catch {
      done();
    }
  }

  async flushed(): Promise<void> {
    const until = systemClock.now() + FLUSH_MS;
    while (this.#unsent > 0 && process.connected && systemClock.now() < until) await pause(systemClock, POLL_MS);
  }

  remember(memory: KeeperMemory): void {
    this.say({ act: 'remember', memory });
  }

  listen(listener: (word: KeeperWord, handle: RawHandle | undefined) => void): void {
    this.#listener = listener;
    for (const [word, handle] of this.#unheard.splice(0)) listener(word, handle);
  }

  onLost(listener: () => void): void {
    const cancel = repeatUnref(WATCH_MS, () => {
      if (process.connected) return;
      cancel();
      listener();
    });
    process.on('disconnect', () => {
      cancel();
      listener();
    });
  }

  #hear(word: KeeperWord, handle: RawHandle | undefined): void {
    if (word.act === 'birth') this.#tellBirth(word);
    else if (word.act === 'socket') this.sockets.add(word, handle);
    else if (word.act === 'held') this.sockets.settle(word, handle);
    else if (word.act === 'released') this.sockets.confirm(word.key);
    else if (this.#listener === undefined) this.#unheard.push([word, handle]);
    else this.#listener(word, handle);
  }
}

/** Bound and held by the keeper; here are copies, to be handed to workers. */
class KeptSockets implements SocketStore {
  readonly #say: (word: KeptWord) => void;
  readonly #held = new Map<string, HeldSocket>();
  readonly #asked = new Map<number, { readonly query: ListenQuery; readonly answer: (held: HeldSocket | number) => void }>();
  readonly #asking = new Map<string, Promise<HeldSocket | number>>();
  readonly #unreleased = new Set<string>();
  #onReleased: () => void = () => {};
  #lastNumber = 0;

  constructor(say: (word: KeptWord) => void) {
    this.#say = say;
  }

  get all(): readonly HeldSocket[] {
    return [...this.#held.values()];
  }

  async hold(query: ListenQuery, data: unknown): Promise<HeldSocket | number> {
    const key = keyOf(query);
    const held = this.#held.get(key);
    if (held !== undefined) return held;
    const asking = this.#asking.get(key) ?? this.#ask(query, data).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  release(key: string): void {
    this.#drop(key);
    this.#unreleased.add(key);
    this.#say({ act: 'release', key });
  }

  async releaseAll(): Promise<void> {
    for (const key of [...this.#held.keys()]) this.release(key);
    if (this.#unreleased.size === 0) return;
    const released = new Promise<void>(resolve => {
      this.#onReleased = resolve;
    });
    await Promise.race([released, pause(systemClock, RELEASED_MS)]);
  }

  /** The keeper has closed it too. */
  confirm(key: string): void {
    this.#unreleased.delete(key);
    if (this.#unreleased.size === 0) this.#onReleased();
  }

  /** The keeper's stay. */
  dropAll(): void {
    for (const key of [...this.#held.keys()]) this.#drop(key);
  }

  add({ key, query, data }: Omit<Extract<KeeperWord, { act: 'socket' }>, 'act'>, handle: RawHandle | undefined): HeldSocket | undefined {
    if (handle === undefined) return undefined;
    const held = { key, query, handle, data };
    this.#held.set(key, held);
    return held;
  }

  settle({ n, key, errno, data }: Extract<KeeperWord, { act: 'held' }>, handle: RawHandle | undefined): void {
    const asked = this.#asked.get(n);
    this.#asked.delete(n);
    if (asked === undefined) return handle?.close();
    asked.answer(errno !== 0 ? errno : (this.add({ key, query: asked.query, data }, handle) ?? LOST));
  }

  #ask(query: ListenQuery, data: unknown): Promise<HeldSocket | number> {
    const n = ++this.#lastNumber;
    return new Promise(answer => {
      this.#asked.set(n, { query, answer });
      this.#say({ act: 'hold', n, query, data });
    });
  }

  #drop(key: string): void {
    this.#held.get(key)?.handle.close();
    this.#held.delete(key);
  }
}

/** EBADF: the handle did not arrive. */
const LOST = -9;
