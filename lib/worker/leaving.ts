// The way out of a worker: drain, then close, then exit, each once, whoever asks first. The only user of graceful-process.
//
// graceful-process leaves two gaps, closed here: a second reason to leave (SIGTERM after a lost master, or the other way
// round) would cut the first one's work, and a cluster worker whose master died would not leave at all.

import { workerLogger } from '../observe/logger.js';
import type { Boot } from '../protocol/words.js';
import { afterUnref } from '../system/clock.js';
import { requirePackage } from '../system/require-package.js';
import { killSelf, onOrphaned, releaseChannel } from '../system/uplink.js';

const { graceful } = requirePackage<typeof import('graceful-process')>('graceful-process');

/** The last resort comes this long after everything else should be over. */
const KILL_SLACK_MS = 2_000;
const LONGEST_MS = 2 ** 31 - 1;

type Listener = (...args: unknown[]) => void;

export class Leaving {
  readonly #boot: Boot;
  readonly #drainServers: (lingerMs: number) => Promise<void>;
  #drained: Promise<void> | undefined;
  #isLeaving = false;
  /** Closes what user code opened; set once there is something. */
  close: () => unknown = () => {};

  constructor(boot: Boot, drainServers: (lingerMs: number) => Promise<void>) {
    this.#boot = boot;
    this.#drainServers = drainServers;
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Idempotent: everybody waits for the same drain. */
  drain(lingerMs: number = this.#boot.lingerMs): Promise<void> {
    this.#drained ??= this.#drainServers(lingerMs);
    return this.#drained;
  }

  prepare(isClusterWorker: boolean): void {
    const label = this.#boot.role === 'app' ? 'app_worker' : 'agent_worker';
    const logger = workerLogger(this.#boot.role, this.#boot.logLevel);
    const beforeExit = async () => {
      await this.drain();
      await this.close();
    };
    const gracefully = addedListeners(['SIGTERM', 'disconnect'], () => {
      graceful({ logger, label, beforeExit, sigterm: 'always', timeout: LONGEST_MS });
    });
    const onSigterm = gracefully.get('SIGTERM');
    process.on('SIGTERM', () => this.#once(() => this.#leave(onSigterm)));
    onOrphaned(() => {
      afterUnref(this.#boot.drainMs + this.#boot.stopMs + KILL_SLACK_MS, killSelf);
      this.#once(() => {
        if (isClusterWorker) logger.error('[%s] receive disconnect event in cluster fork mode, exitedAfterDisconnect:false', label);
        (gracefully.get('disconnect') ?? onSigterm)?.();
      });
    });
  }

  #once(leave: () => void): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    leave();
  }

  /** A program with SIGTERM handlers of its own decides itself when it is done; it ends when nothing keeps it alive any more. */
  #leave(gracefully: Listener | undefined): void {
    if (process.listenerCount('SIGTERM') <= 1) return gracefully?.();
    void this.drain().then(releaseChannel);
    afterUnref(this.#boot.drainMs + this.#boot.stopMs, () => gracefully?.());
  }
}

/** Runs `add`, takes the listeners it added off the process again, and returns them. */
function addedListeners(events: readonly string[], add: () => void): Map<string, Listener> {
  const before = new Map(events.map(event => [event, new Set(process.rawListeners(event))]));
  add();
  const added = new Map<string, Listener>();
  for (const event of events) {
    for (const listener of process.rawListeners(event).filter(candidate => !before.get(event)?.has(candidate))) {
      process.off(event, listener as Listener);
      added.set(event, unwrapped(listener as Listener & { listener?: Listener }));
    }
  }
  return added;
}

const unwrapped = (listener: Listener & { listener?: Listener }): Listener => listener.listener ?? listener;
