// Keeps one master alive, and what must outlive it: the listening sockets, the pid, what it wants its successor to know. No user code
// runs here, nothing is validated, and no byte of a connection is read.

import { APP_RESTART, restartDelayMs } from '../lifecycle/restart-policy.js';
import type { Exit } from '../protocol/events.js';
import type { KeeperMemory, KeptWord, Predecessor } from '../protocol/keeper-words.js';
import type { Cancel } from '../system/clock.js';
import { type HeldSocket, HeldSockets, type RawHandle } from '../system/held-sockets.js';
import type { MasterListener } from '../system/master-process.js';
import { inheritedFrom, placesOf } from '../system/systemd-sockets.js';
import type { KeeperNeeds } from './keeper-needs.js';
import { KeptMaster } from './kept-master.js';

const UPGRADE_MS = 60_000;
/** A master that has served for so long has lived stably. */
const STABLE_MS = 10_000;

/** For an upgrade: question `n` of the master's, or a signal. */
interface Wish {
  readonly n?: number | undefined;
  readonly node?: string | undefined;
}

export class Keeper {
  readonly #needs: KeeperNeeds;
  readonly #sockets: HeldSockets;
  /** The one that serves, or will. */
  #current: KeptMaster | undefined;
  /** Started to take its place. */
  #next: KeptMaster | undefined;
  /** Replaced, and draining. */
  #old: KeptMaster | undefined;
  /** An upgrade that waits until the last one is done. */
  #wanted: Wish | undefined;
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
    this.#sockets = new HeldSockets(inheritedFrom(needs.passed));
  }

  start(): void {
    this.#current = this.#launch(this.#node);
  }

  /** For the master, and for a successor that is on its way. */
  hear(name: NodeJS.Signals): void {
    if (name === 'SIGUSR2') return void (this.#current && this.#upgrade(this.#current, {}));
    const isStop = name === 'SIGTERM' || name === 'SIGINT' || name === 'SIGQUIT';
    this.#isLeaving ||= isStop;
    if (isStop && this.#current === undefined) this.#exitCode = 0;
    if (this.#isLeaving && this.#current === undefined) return this.#endIfAlone();
    if (isStop) for (const kept of [this.#next, this.#current, this.#old]) kept?.stop(name);
    else this.#current?.signal(name);
  }

  relay(message: unknown): void {
    this.#current?.process.relay(message);
  }

  #launch(node: string | undefined): KeptMaster {
    const listener: MasterListener = {
      onWord: (word, handle) => this.#onWord(kept, word, handle),
      onMessage: message => kept === this.#current && this.#needs.tellParent(message),
      onExit: exit => this.#onExit(kept, exit),
    };
    const kept: KeptMaster = new KeptMaster(this.#needs.start(node, listener), node, { memory: this.#memory, clock: this.#needs.clock });
    return kept;
  }

  #onWord(kept: KeptMaster, word: KeptWord, handle: RawHandle | undefined): void {
    if (word.act === 'hello') this.#introduce(kept);
    if (word.act === 'hold') void this.#hold(kept, word);
    if (word.act === 'release') {
      if (kept === this.#current) this.#sockets.release(word.key);
      kept.say({ act: 'released', key: word.key });
    }
    if (word.act === 'remember') this.#remember(kept, word.memory);
    if (word.act === 'ready') this.#onReady(kept);
    if (word.act === 'stopping') this.#onStopping(kept);
    if (word.act === 'bequeath' && kept !== this.#current) this.#current?.say({ act: 'inherit', losses: word.losses });
    if (word.act === 'failed') kept.reason ??= word.reason;
    if (word.act === 'upgrade') this.#upgrade(kept, word);
    if (word.act === 'yield-agent') this.#yieldAgent(kept);
    if (word.act === 'agent-yielded') this.#next?.say({ act: 'agent-yielded' });
    if (handle !== undefined) this.#pass(kept, word, handle);
  }

  #onStopping(kept: KeptMaster): void {
    kept.isStopping = true;
    if (kept !== this.#current) return;
    this.#isLeaving = true;
    this.#next?.stop('SIGTERM');
  }

  /** It gets every socket there is, and then what its predecessor left. */
  #introduce(kept: KeptMaster): void {
    for (const held of this.#sockets.all) kept.say({ act: 'socket', key: held.key, query: held.query, data: held.data }, held.handle);
    const facts = { isUpgrade: kept === this.#next, passed: placesOf(this.#needs.passed), hasParent: this.#needs.hasParent() };
    kept.say({ act: 'birth', ...facts, predecessor: this.#predecessor, memory: this.#memory });
    kept.listens();
  }

  async #hold(kept: KeptMaster, { n, query, data }: Extract<KeptWord, { act: 'hold' }>): Promise<void> {
    const known = new Set(this.#sockets.all.map(({ key }) => key));
    const held: HeldSocket | number = await this.#sockets.hold(query, data);
    if (typeof held !== 'number' && !known.has(held.key)) kept.bound.add(held.key);
    if (typeof held === 'number') kept.say({ act: 'held', n, key: '', errno: held, data: undefined });
    else kept.say({ act: 'held', n, key: held.key, errno: 0, data: held.data }, held.handle);
  }

  #remember(kept: KeptMaster, memory: KeeperMemory): void {
    kept.memory = { ...kept.memory, ...memory };
    if (kept === this.#current) this.#memory = kept.memory;
  }

  #onReady(kept: KeptMaster): void {
    kept.readyAt = this.#needs.clock.now();
    this.#hasServed = true;
    if (kept !== this.#next) return;
    kept.mayTakeItsTime();
    this.#next = undefined;
    this.#replaceBy(kept);
  }

  #replaceBy(kept: KeptMaster): void {
    const old = this.#current;
    this.#current = kept;
    this.#memory = kept.memory;
    this.#node = kept.node;
    this.#unstable = 0;
    this.#old = old ?? this.#old;
    old?.succeededBy(kept.process.pid);
  }

  #upgrade(kept: KeptMaster, { n, node }: Wish): void {
    const refuse = (reason: string) => kept.say({ act: 'upgrade-refused', n, reason });
    if (kept !== this.#current || this.#isLeaving || kept.isStopping) return refuse('it is being stopped');
    if (this.#next !== undefined) return refuse('another upgrade is under way');
    if (kept.readyAt === undefined) return refuse('it has not started yet');
    this.#wanted = this.#old && { n, node }; // As soon as the last one is gone.
    if (this.#wanted !== undefined) return;
    const next = this.#launch(node ?? this.#node);
    this.#next = next;
    kept.say({ act: 'upgrading', pid: next.process.pid });
    const limitMs = kept.memory.upgradeMs ?? UPGRADE_MS;
    next.mayStillTake(limitMs, () => {
      next.reason ??= `it was not ready within ${limitMs} ms (--upgrade-timeout)`;
      next.abandon();
    });
  }

  /** There are never two agents of one cluster. */
  #yieldAgent(kept: KeptMaster): void {
    if (kept === this.#next && this.#current !== undefined) this.#current.say({ act: 'yield-agent' });
    else kept.say({ act: 'agent-yielded' });
  }

  /** A connection that nobody of the old master's can take any more. */
  #pass(from: KeptMaster, word: KeptWord, handle: RawHandle): void {
    const to = this.#current;
    if (word.act !== 'give' || to === undefined || to === from) return handle.close();
    to.say(word, handle, () => handle.close());
  }

  #onExit(kept: KeptMaster, exit: Exit): void {
    kept.mayTakeItsTime();
    if (kept === this.#old) this.#onOldGone();
    else if (kept === this.#next) this.#onNextLost(kept, exit);
    else if (kept === this.#current) this.#onCurrentLost(kept, exit);
    this.#endIfAlone();
  }

  #onOldGone(): void {
    const wanted = this.#wanted;
    [this.#old, this.#wanted] = [undefined, undefined];
    if (wanted !== undefined && this.#current !== undefined) this.#upgrade(this.#current, wanted);
  }

  #onNextLost(next: KeptMaster, exit: Exit): void {
    this.#next = undefined;
    for (const key of next.bound) this.#sockets.release(key);
    this.#current?.say({ act: 'upgrade-failed', reason: next.whyNot(exit) });
  }

  #onCurrentLost(kept: KeptMaster, exit: Exit): void {
    this.#current = undefined;
    this.#exitCode = exit.code ?? 1;
    this.#predecessor = { pid: kept.process.pid, code: exit.code, signal: exit.signal };
    if (this.#next !== undefined) {
      this.#current = this.#next; // Nothing is left to go back to: it may take its time.
      this.#next = undefined;
      this.#current.mayTakeItsTime();
      this.#node = this.#current.node;
      this.#memory = { ...this.#memory, ...this.#current.memory };
      this.#current.say({ act: 'alone' });
      return;
    }
    this.#isLeaving ||= kept.isStopping || !this.#hasServed;
    if (this.#isLeaving) return;
    this.#unstable = kept.hasLasted(STABLE_MS) ? 0 : this.#unstable + 1;
    const waitMs = this.#unstable <= 1 ? 0 : restartDelayMs(this.#unstable - 1, 0, this.#needs.random(), APP_RESTART);
    this.#cancelRestart = this.#needs.clock.after(waitMs, () => this.start());
  }

  #endIfAlone(): void {
    if (!this.#isLeaving || this.#current !== undefined || this.#next !== undefined || this.#old !== undefined) return;
    this.#cancelRestart();
    void this.#sockets.releaseAll();
    this.#needs.leave(this.#exitCode, this.#memory);
  }
}
