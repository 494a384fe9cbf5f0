// One master from birth to exit: what it has said of itself, and how long it may take.

import type { Exit } from '../protocol/events.js';
import type { KeeperMemory, KeeperWord } from '../protocol/keeper-words.js';
import type { Cancel, Clock } from '../system/clock.js';
import type { RawHandle } from '../system/held-sockets.js';
import type { MasterProcess } from '../system/master-process.js';

/** Beyond its own budget: a master that has not ended then hangs. */
const SLACK_MS = 10_000;
const STOP_MS = 30_000;
/** How long a successor that has failed may take to leave. */
const ABANDONED_MS = 5_000;

export class KeptMaster {
  readonly process: MasterProcess;
  /** Which node runs it; undefined: the same as the keeper. */
  readonly node: string | undefined;
  /** Addresses that were bound for it. */
  readonly bound = new Set<string>();
  readonly #clock: Clock;
  memory: KeeperMemory;
  readyAt: number | undefined;
  /** It ends because it was told to. */
  isStopping = false;
  /** Why it will end, in its own words. */
  reason: string | undefined;
  #isListening = false;
  /** Signals that came before it listened. */
  readonly #pending: NodeJS.Signals[] = [];
  #cancelPatience: Cancel = () => {};

  constructor(process: MasterProcess, node: string | undefined, { memory, clock }: { readonly memory: KeeperMemory; readonly clock: Clock }) {
    this.process = process;
    this.node = node;
    this.memory = memory;
    this.#clock = clock;
  }

  hasLasted(ms: number): boolean {
    return this.readyAt !== undefined && this.#clock.now() - this.readyAt >= ms;
  }

  /** Why it did not take over. */
  whyNot({ code, signal, error }: Exit): string {
    if (error !== undefined) return `no new master could be started: ${error}`;
    const ended = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`;
    return `the new master (process ${this.process.pid}) did not take over: ${this.reason ?? ended}`;
  }

  say(word: KeeperWord, handle?: RawHandle, onSent?: () => void): void {
    this.process.say(word, handle, onSent);
  }

  listens(): void {
    this.#isListening = true;
    for (const name of this.#pending.splice(0)) this.say({ act: 'signal', name });
  }

  signal(name: NodeJS.Signals): void {
    if (this.#isListening) this.say({ act: 'signal', name });
    else this.#pending.push(name);
  }

  /** Twice before it has even begun, and it is killed. */
  stop(name: NodeJS.Signals): void {
    this.signal(name);
    if (this.#pending.length > 1) this.process.signal('SIGKILL');
    this.mayStillTake((this.memory.stopMs ?? STOP_MS) + SLACK_MS);
  }

  /** It is asked to leave, because it has not become ready. */
  abandon(): void {
    if (this.#isListening) this.say({ act: 'signal', name: 'SIGTERM' });
    else this.process.signal('SIGKILL');
    this.mayStillTake(ABANDONED_MS);
  }

  /** Another serves now. */
  succeededBy(pid: number): void {
    this.say({ act: 'succeed', pid });
    this.mayStillTake((this.memory.stopMs ?? STOP_MS) + SLACK_MS);
  }

  /** @param whenOver default: it is killed */
  mayStillTake(ms: number, whenOver: () => void = () => this.process.signal('SIGKILL')): void {
    this.#cancelPatience();
    this.#cancelPatience = this.#clock.after(ms, whenOver);
  }

  mayTakeItsTime(): void {
    this.#cancelPatience();
  }
}
