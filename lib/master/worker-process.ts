// One agent or app worker as the master sees it: turns what its process says into causes of its life.

import type { Exit, LastWords, ListeningAddress, Role } from '../protocol/events.js';
import type { RealPort } from '../protocol/messages.js';
import type { WorkerVitals } from '../protocol/snapshot.js';
import { type Probe, parseWorkerWord } from '../protocol/words.js';
import type { SupervisedProcess } from '../supervision/child.js';
import type { Place } from '../supervision/group-needs.js';
import { closeQuietly, framed } from '../system/child-channel.js';
import type { Clock } from '../system/clock.js';
import type { ForkedChild } from '../system/forker.js';
import type { RawHandle } from '../system/held-sockets.js';
import { type NamedProcess, named, type ProcessIdentity, signalAll, stillAlive } from '../system/process-tree.js';
import { AskedMetrics } from './asked-metrics.js';
import { Beats } from './beats.js';
import type { HandOver } from './hand-over.js';

export interface WorkerHooks {
  onMessage(worker: WorkerProcess, message: unknown): void;
  /** Node-internal traffic that is not ours; true keeps it from Node. */
  onInternal(worker: WorkerProcess, message: Record<string, unknown>): boolean;
  onListening(worker: WorkerProcess, address: ListeningAddress): void;
  /** Its own server has answered to the readiness path, one way or the other. */
  onProbed(worker: WorkerProcess, probe: Probe): void;
  onDisconnect(worker: WorkerProcess): void;
  onError(worker: WorkerProcess, error: Error): void;
  onExit(worker: WorkerProcess): void;
  /** Everything it had written has been read. */
  onSettled(worker: WorkerProcess): void;
  /** The first start is over: the processor is not needed for boots any more. */
  isUp(): boolean;
  readonly handOver: Pick<HandOver, 'mayHandOver' | 'onGiven' | 'onAdopted'>;
  /** Options that did not go into its command line. */
  readonly options: unknown;
  readonly lingerMs: number;
  readonly clock: Clock;
}

/** The channel of a dying process closes a moment before its exit is known; one that lives on has cut it on purpose. */
const EXIT_FOLLOWS_MS = 250;

type Watcher = Parameters<SupervisedProcess['watch']>[0];

export class WorkerProcess implements SupervisedProcess {
  readonly role: Role;
  readonly place: Place;
  readonly forked: ForkedChild;
  readonly #hooks: WorkerHooks;
  #watcher: Watcher | undefined;
  #isLeaving = false;
  #isReady = false;
  /** Silent for too long: nothing new for it, as long as it is. */
  isHung = false;
  #hasExited = false;
  #family: readonly ProcessIdentity[] = [];
  /** Descendants that were killed with it. */
  readonly killedFamily: NamedProcess[] = [];
  /** Resolves when it has exited and everything it had said has been heard. */
  readonly settled: Promise<void>;
  /** It listens, and gets no connections yet. */
  isOnProbation: boolean;
  readonly beats = new Beats();
  readonly metrics = new AskedMetrics(n => this.forked.send(framed({ act: 'metrics', n })));
  /** By the monotonic clock. */
  readonly forkedAtMs: number;
  lastWords: LastWords = { lines: [] };
  /** What somebody had it sent over the control server. */
  operatorSignal: string | undefined;
  /** The one that counts as started. */
  address: ListeningAddress | undefined;
  /** Everything it listens on. */
  readonly listening: ListeningAddress[] = [];
  /** Where it says that it can be reached. */
  realPort: RealPort | undefined;

  constructor(role: Role, place: Place, forked: ForkedChild, hooks: WorkerHooks) {
    this.role = role;
    this.place = place;
    this.forked = forked;
    this.isOnProbation = place.isOnProbation ?? false;
    this.#hooks = hooks;
    this.forkedAtMs = hooks.clock.now();
    let settle: () => void = () => {};
    this.settled = new Promise(resolve => {
      settle = resolve;
    });
    forked.watch({
      onMessage: message => hooks.onMessage(this, message),
      onInternal: (message, handle) => this.#onInternal(message, handle as RawHandle | undefined),
      onListening: address => hooks.onListening(this, address),
      onDisconnect: () => this.#onDisconnect(),
      onError: error => hooks.onError(this, error),
      onExit: exit => this.#onExit(exit),
      onSettled: () => {
        hooks.onSettled(this);
        settle();
      },
    });
  }

  get pid(): number {
    return this.forked.pid;
  }
  /** Ready, not on probation, and not told to leave. */
  get isServing(): boolean {
    return this.#isReady && !this.isOnProbation && !this.isHung && !this.#isLeaving && !this.#hasExited;
  }
  get isLeaving(): boolean {
    return this.#isLeaving;
  }
  get hasExited(): boolean {
    return this.#hasExited;
  }

  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  /** It does what it was started for: listens, or says so. */
  reportReady(): void {
    if (!this.#isReady && this.#hooks.isUp()) this.beWatched();
    this.#isReady = true;
    this.#watcher?.onCause('ready');
  }

  /** From inside, for where it hangs. */
  beWatched(): void {
    this.forked.send(framed({ act: 'watch' }));
  }

  /** False when it cannot be asked. */
  askVitals(): boolean {
    return !this.#hasExited && this.forked.send(framed({ act: 'report' }));
  }

  drain(): void {
    this.#isLeaving = true;
    const wasTold = this.forked.send(framed({ act: 'drain', lingerMs: this.#hooks.lingerMs, mayHandOver: this.#hooks.handOver.mayHandOver(this) }));
    if (!wasTold && this.forked.isConnected) this.#watcher?.onCause('stop'); // Without a channel it drains by itself.
  }

  /** Descendants that were seen alive when it was told to go. */
  get family(): readonly ProcessIdentity[] {
    return this.#family;
  }

  /** Others go first. */
  stay(): void {
    this.forked.send(framed({ act: 'stay' }));
  }

  stop(): void {
    this.#isLeaving = true;
    this.forked.send(framed({ act: 'leave' }));
    this.#signalTree('SIGTERM');
  }

  kill(): void {
    this.#isLeaving = true;
    this.#signalTree('SIGKILL');
  }

  #signalTree(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#family = [...this.#family, ...this.forked.descendants()];
    this.forked.signal(signal);
    const alive = stillAlive(this.#family);
    if (signal === 'SIGKILL') this.killedFamily.push(...alive.map(named));
    signalAll(alive, signal);
  }

  #onInternal(message: Record<string, unknown>, handle: RawHandle | undefined): boolean {
    const word = parseWorkerWord(message);
    if (word === undefined) return this.#hooks.onInternal(this, message);
    if (word.act === 'give' && handle && this.role === 'app') this.#hooks.handOver.onGiven(this, { ...word, handle });
    else closeQuietly(handle);
    if (word.act === 'adopted') this.#hooks.handOver.onAdopted(this, word.n, word.ok);
    if (word.act === 'hello') this.forked.send(framed({ act: 'boot', options: this.#hooks.options }));
    if (word.act === 'ready') this.reportReady();
    if (word.act === 'starting') this.#watcher?.onCause('heartbeat');
    if (word.act === 'unattached') this.forked.signal('SIGKILL'); // The next one gets its sockets at once.
    if (word.act === 'leaving') this.#watcher?.onCause('quit');
    if (word.act === 'drained') this.#watcher?.onCause('stop');
    if (word.act === 'listening') this.#hooks.onListening(this, word.address);
    if (word.act === 'probed') this.#hooks.onProbed(this, word);
    if (word.act === 'beat') this.#onBeat(word.vitals);
    if (word.act === 'metrics') this.metrics.onAnswer(word.n, word.metrics);
    if (word.act === 'last-words') this.lastWords = word.words;
    return true;
  }

  /** While it starts, its patience is not for its silence. */
  #onBeat(vitals: WorkerVitals): void {
    this.beats.hear(vitals, this.#hooks.clock.now());
    if (this.#isReady) this.#watcher?.onCause('heartbeat');
  }

  #onDisconnect(): void {
    this.#hooks.onDisconnect(this);
    this.#hooks.clock.after(EXIT_FOLLOWS_MS, () => {
      if (!this.#hasExited) this.#watcher?.onCause('quit');
    });
  }

  #onExit(exit: Exit): void {
    this.#hasExited = true;
    this.#hooks.onExit(this);
    this.#watcher?.onExit(exit);
  }
}
