// Keeps one master alive, and what must outlive it: the listening sockets, the pid, what it wants its successor to know. No user code
// runs here, nothing is validated, and no byte of a connection is read.

import { APP_RESTART, restartDelayMs } from '../lifecycle/restart-policy.js';
import type { Exit } from '../protocol/events.js';
import type { KeeperMemory, KeptWord, Predecessor } from '../protocol/keeper-words.js';
import type { Cancel, Clock } from '../system/clock.js';
import { type HeldSocket, HeldSockets, type RawHandle } from '../system/held-sockets.js';
import type { MasterListener, MasterProcess } from '../system/master-process.js';

/** Beyond its own budget: a master that has not ended then hangs. */
const SLACK_MS = 10_000;
const STOP_MS = 30_000;
const UPGRADE_MS = 60_000;
/** How long a successor that has failed may take to leave. */
const ABANDONED_MS = 5_000;
/** A master that has served for so long has lived stably. */
const STABLE_MS = 10_000;

export interface KeeperNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly start: (node: string | undefined, listener: MasterListener) => MasterProcess;
  readonly hasParent: () => boolean;
  readonly tellParent: (message: object) => void;
  /** The last act. */
  readonly leave: (code: number, memory: KeeperMemory) => void;
}

/** One master, from birth to exit. */
interface Kept {
  readonly process: MasterProcess;
  readonly node: string | undefined;
  /** Addresses that were bound for it. */
  readonly bound: Set<string>;
  memory: KeeperMemory;
  readyAt: number | undefined;
  isListening: boolean;
  isStopping: boolean;
  reason: string | undefined;
  /** Signals that came before it listened. */
  readonly pending: NodeJS.Signals[];
  cancelPatience: Cancel;
}

export class Keeper {
  readonly #needs: KeeperNeeds;
  readonly #sockets = new HeldSockets();
  /** The one that serves, or will. */
  #current: Kept | undefined;
  /** Started to take its place. */
  #next: Kept | undefined;
  /** Replaced, and draining. */
  #old: Kept | undefined;
  #memory: KeeperMemory = {};
  #predecessor: Predecessor | undefined;
  #node: string | undefined;
  #hasServed = false;
  #isLeaving = false;
  #unstable = 0;
  #exitCode = 0;
  #cancelRestart: Cancel = () => {};

  constructor(needs: KeeperNeeds) {
    this.#needs = needs;
  }

  start(): void {
    this.#current = this.#launch(this.#node);
  }

  /** For the master, and for a successor that is on its way. */
  hear(name: NodeJS.Signals): void {
    if (name === 'SIGUSR2') return void (this.#current && this.#upgrade(this.#current, undefined));
    const isStop = name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT';
    this.#isLeaving ||= isStop;
    if (isStop && this.#current === undefined) this.#exitCode = 0;
    if (this.#isLeaving && this.#current === undefined) return this.#endIfAlone();
    for (const kept of isStop ? [this.#next, this.#current, this.#old] : [this.#current]) if (kept) this.#signal(kept, name, isStop);
  }

  /** From whoever started us. */
  relay(message: unknown): void {
    this.#current?.process.relay(message);
  }

  #signal(kept: Kept, name: NodeJS.Signals, isStop: boolean): void {
    if (kept.isListening) kept.process.say({ act: 'signal', name });
    else kept.pending.push(name);
    if (!isStop) return;
    if (kept.pending.length > 1) kept.process.signal('SIGKILL'); // It has not even begun.
    kept.cancelPatience();
    kept.cancelPatience = this.#needs.clock.after((kept.memory.stopMs ?? STOP_MS) + SLACK_MS, () => kept.process.signal('SIGKILL'));
  }

  #launch(node: string | undefined): Kept {
    const listener: MasterListener = {
      onWord: (word, handle) => this.#onWord(kept, word, handle),
      onMessage: message => kept === this.#current && this.#needs.tellParent(message),
      onExit: exit => this.#onExit(kept, exit),
    };
    const facts = { memory: this.#memory, readyAt: undefined, isListening: false, isStopping: false, reason: undefined };
    const kept: Kept = { process: this.#needs.start(node, listener), node, ...facts, bound: new Set(), pending: [], cancelPatience: () => {} };
    return kept;
  }

  #onWord(kept: Kept, word: KeptWord, handle: RawHandle | undefined): void {
    if (word.act === 'hello') this.#introduce(kept);
    if (word.act === 'hold') void this.#hold(kept, word);
    if (word.act === 'release' && kept === this.#current) this.#sockets.release(word.key);
    if (word.act === 'remember') this.#remember(kept, word.memory);
    if (word.act === 'ready') this.#onReady(kept);
    if (word.act === 'stopping') this.#onStopping(kept);
    if (word.act === 'failed') kept.reason = word.reason;
    if (word.act === 'upgrade') this.#upgrade(kept, word.node);
    if (word.act === 'yield-agent') this.#yieldAgent(kept);
    if (word.act === 'agent-yielded') this.#next?.process.say({ act: 'agent-yielded' });
    if (handle !== undefined) this.#pass(kept, word.act === 'give' ? word.address : undefined, handle);
  }

  #onStopping(kept: Kept): void {
    kept.isStopping = true;
    if (kept !== this.#current) return;
    this.#isLeaving = true;
    if (this.#next !== undefined) this.#signal(this.#next, 'SIGTERM', true);
  }

  /** It gets every socket there is, and then what its predecessor left. */
  #introduce(kept: Kept): void {
    kept.isListening = true;
    for (const held of this.#sockets.all) kept.process.say({ act: 'socket', key: held.key, query: held.query, data: held.data }, held.handle);
    const isUpgrade = kept === this.#next;
    kept.process.say({ act: 'birth', isUpgrade, predecessor: this.#predecessor, memory: this.#memory, hasParent: this.#needs.hasParent() });
    for (const name of kept.pending.splice(0)) kept.process.say({ act: 'signal', name });
  }

  async #hold(kept: Kept, { n, query, data }: Extract<KeptWord, { act: 'hold' }>): Promise<void> {
    const known = new Set(this.#sockets.all.map(({ key }) => key));
    const held: HeldSocket | number = await this.#sockets.hold(query, data);
    if (typeof held !== 'number' && !known.has(held.key)) kept.bound.add(held.key);
    if (typeof held === 'number') kept.process.say({ act: 'held', n, key: '', errno: held, data: undefined });
    else kept.process.say({ act: 'held', n, key: held.key, errno: 0, data: held.data }, held.handle);
  }

  #remember(kept: Kept, memory: KeeperMemory): void {
    kept.memory = { ...kept.memory, ...memory };
    if (kept === this.#current) this.#memory = kept.memory;
  }

  #onReady(kept: Kept): void {
    kept.readyAt = this.#needs.clock.now();
    this.#hasServed = true;
    if (kept !== this.#next) return;
    kept.cancelPatience();
    this.#next = undefined;
    this.#replaceBy(kept);
  }

  #replaceBy(kept: Kept): void {
    const old = this.#current;
    this.#current = kept;
    this.#memory = kept.memory;
    this.#node = kept.node;
    this.#unstable = 0;
    if (old === undefined) return;
    this.#old = old;
    old.process.say({ act: 'succeed', pid: kept.process.pid });
    old.cancelPatience = this.#needs.clock.after((old.memory.stopMs ?? STOP_MS) + SLACK_MS, () => old.process.signal('SIGKILL'));
  }

  #upgrade(kept: Kept, node: string | undefined): void {
    const refuse = (reason: string) => kept.process.say({ act: 'upgrade-failed', reason });
    if (kept !== this.#current || this.#isLeaving || kept.isStopping) return refuse('it is being stopped');
    if (this.#next !== undefined || this.#old !== undefined) return refuse('another upgrade is under way');
    if (kept.readyAt === undefined) return refuse('it has not started yet');
    const next = this.#launch(node ?? this.#node);
    this.#next = next;
    kept.process.say({ act: 'upgrading', pid: next.process.pid });
    const limitMs = kept.memory.upgradeMs ?? UPGRADE_MS;
    next.cancelPatience = this.#needs.clock.after(limitMs, () => {
      next.reason ??= `it was not ready within ${limitMs} ms (--upgrade-timeout)`;
      this.#abandon(next);
    });
  }

  #abandon(next: Kept): void {
    if (next.isListening) next.process.say({ act: 'signal', name: 'SIGTERM' });
    else next.process.signal('SIGKILL');
    next.cancelPatience = this.#needs.clock.after(ABANDONED_MS, () => next.process.signal('SIGKILL'));
  }

  /** There are never two agents of one cluster. */
  #yieldAgent(kept: Kept): void {
    if (kept === this.#next && this.#current !== undefined) this.#current.process.say({ act: 'yield-agent' });
    else kept.process.say({ act: 'agent-yielded' });
  }

  /** A connection that nobody of the old master's can take any more. */
  #pass(from: Kept, address: unknown, handle: RawHandle): void {
    const to = this.#current;
    if (address === undefined || to === undefined || to === from) return handle.close();
    to.process.say({ act: 'give', address }, handle, () => handle.close());
  }

  #onExit(kept: Kept, exit: Exit): void {
    kept.cancelPatience();
    if (kept === this.#old) this.#old = undefined;
    else if (kept === this.#next) this.#onNextLost(kept, exit);
    else if (kept === this.#current) this.#onCurrentLost(kept, exit);
    this.#endIfAlone();
  }

  #onNextLost({ reason, bound, process: { pid } }: Kept, { code, signal, error }: Exit): void {
    this.#next = undefined;
    for (const key of bound) this.#sockets.release(key);
    const ended = error ?? (signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`);
    this.#current?.process.say({ act: 'upgrade-failed', reason: `the new master (process ${pid}) did not take over: ${reason ?? ended}` });
  }

  #onCurrentLost(kept: Kept, exit: Exit): void {
    this.#current = undefined;
    this.#exitCode = codeOf(exit);
    this.#predecessor = { pid: kept.process.pid, code: exit.code, signal: exit.signal };
    if (this.#next !== undefined) {
      this.#current = this.#next; // Nothing is left to go back to: it may take its time.
      this.#next = undefined;
      this.#current.cancelPatience();
      this.#node = this.#current.node;
      this.#memory = { ...this.#memory, ...this.#current.memory };
      this.#current.process.say({ act: 'agent-yielded' });
      return;
    }
    this.#isLeaving ||= kept.isStopping || !this.#hasServed;
    if (this.#isLeaving) return;
    const { clock, random } = this.#needs;
    const wasStable = kept.readyAt !== undefined && clock.now() - kept.readyAt >= STABLE_MS;
    this.#unstable = wasStable ? 0 : this.#unstable + 1;
    const waitMs = this.#unstable <= 1 ? 0 : restartDelayMs(this.#unstable - 1, 0, random(), APP_RESTART);
    this.#cancelRestart = clock.after(waitMs, () => this.start());
  }

  #endIfAlone(): void {
    if (!this.#isLeaving || this.#current !== undefined || this.#next !== undefined || this.#old !== undefined) return;
    this.#cancelRestart();
    this.#sockets.releaseAll();
    this.#needs.leave(this.#exitCode, this.#memory);
  }
}

/** As a shell says it, where there is none. */
const SIGNALLED = 1;
const codeOf = ({ code }: Exit) => code ?? SIGNALLED;
