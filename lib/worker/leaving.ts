// The way out of a worker: drain, then close, then exit, each once, whoever asks first. The only user of graceful-process.
//
// graceful-process leaves two gaps, closed here: a second reason to leave (SIGTERM after a lost master, or the other way
// round) would cut the first one's work, and a cluster worker whose master died would not leave at all.

import { workerLogger } from '../observe/logger.js';
import type { Boot } from '../protocol/words.js';
import { afterUnref } from '../system/clock.js';
import { requirePackage } from '../system/require-package.js';
import { addedListeners, hasOthers, type Listener, onSignals } from '../system/signals.js';
import { killSelf, onOrphaned, releaseChannel } from '../system/uplink.js';

const { graceful } = requirePackage<typeof import('graceful-process')>('graceful-process');

/** The last resort comes this long after everything else should be over. */
const KILL_SLACK_MS = 2_000;
/**
 * A SIGTERM to the whole group reaches us and the master alike; if we are gone before it has looked at its own, our end
 * looks like a death to it. One that the master did not send waits this long for the master's word.
 */
const MASTERS_WORD_MS = 200;
const LONGEST_MS = 2 ** 31 - 1;

export class Leaving {
  readonly #boot: Boot;
  readonly #drainServers: (lingerMs: number) => Promise<void>;
  #drained: Promise<void> | undefined;
  #isLeaving = false;
  #hear: () => void = () => {};
  readonly #masterSaidSo: Promise<void>;
  /** Closes what user code opened; set once there is something. */
  close: () => unknown = () => {};

  constructor(boot: Boot, drainServers: (lingerMs: number) => Promise<void>) {
    this.#boot = boot;
    this.#drainServers = drainServers;
    this.#masterSaidSo = new Promise(resolve => {
      this.#hear = resolve;
    });
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Idempotent: everybody waits for the same drain. */
  drain(lingerMs: number = this.#boot.lingerMs): Promise<void> {
    this.#drained ??= this.#drainServers(lingerMs);
    return this.#drained;
  }

  /** The master wants us to leave. */
  hearMaster(): void {
    this.#hear();
  }

  prepare(isClusterWorker: boolean): void {
    const label = this.#boot.role === 'app' ? 'app_worker' : 'agent_worker';
    const logger = workerLogger(this.#boot.role, this.#boot.logLevel);
    const beforeExit = async () => {
      await Promise.all([this.drain(), this.#masterSaidSo]);
      await this.close();
    };
    const gracefully = addedListeners(['SIGTERM', 'disconnect'], () => {
      graceful({ logger, label, beforeExit, sigterm: 'always', timeout: LONGEST_MS });
    });
    const onSigterm = gracefully.get('SIGTERM');
    onSignals(['SIGTERM'], () => {
      afterUnref(MASTERS_WORD_MS, this.#hear);
      this.#once(() => this.#leave(onSigterm));
    });
    onOrphaned(() => {
      this.#hear();
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
    if (!hasOthers('SIGTERM')) return gracefully?.();
    void this.drain().then(releaseChannel);
    afterUnref(this.#boot.drainMs + this.#boot.stopMs, () => gracefully?.());
  }
}
