// The way out of a worker: drain, then close, then exit, each once, whoever asks first. The only user of graceful-process.
//
// graceful-process leaves two gaps, closed here: a second reason to leave (SIGTERM after a lost master, or the other way
// round) would cut the first one's work, and a cluster worker whose master died would not leave at all.

import { workerLogger } from '../observe/logger.js';
import type { Boot } from '../protocol/words.js';
import { afterUnref, repeatUnref } from '../system/clock.js';
import { killSelf, onProcessExit } from '../system/environment.js';
import { isGone } from '../system/gone.js';
import { requirePackage } from '../system/require-package.js';
import { addedListeners, hasOthers } from '../system/signals.js';
import { onOrphaned, onTerminate, releaseChannel, say } from '../system/uplink.js';

/** The last resort comes this long after everything else should be over. */
const KILL_SLACK_MS = 2_000;
/**
 * A SIGTERM to the whole group reaches us and the master alike; if we are gone before it has looked at its own, our end
 * looks like a death to it. One that the master did not send waits this long for the master's word.
 */
const MASTERS_WORD_MS = 200;
/** graceful-process is not needed to boot. Until it is loaded its last line is ours to write. */
const LOAD_AFTER_MS = 500;
const LONGEST_MS = 2 ** 31 - 1;
/** How long to serve without a master while a keeper tries to start one. */
const ORPHANED_MS = 60_000;
/** How often to look whether the keeper lives. */
const KEEPER_POLL_MS = 250;

export class Leaving {
  readonly #boot: Boot;
  readonly #drainServers: (lingerMs: number) => Promise<void>;
  readonly #masterKnows = new Latch();
  readonly #patienceOver = new Latch();
  #drained: Promise<void> | undefined;
  #isLeaving = false;
  #isToStay = false;
  /** Clients are being served. */
  isServing: () => boolean = () => false;
  /** Closes what user code opened; set once there is something. */
  close: () => unknown = () => {};

  constructor(boot: Boot, drainServers: (lingerMs: number) => Promise<void>) {
    this.#boot = boot;
    this.#drainServers = drainServers;
  }

  /** The master told us to drain. Idempotent: everybody waits for the same drain. */
  drain(lingerMs: number = this.#boot.lingerMs): Promise<void> {
    this.#drained ??= this.#drainServers(lingerMs);
    return this.#drained;
  }

  /** The master has drained us long enough, or there was nothing to drain: what is open now stays open. */
  finish(): void {
    this.#masterKnows.open();
    this.#patienceOver.open();
  }

  /** The master stops the others first. */
  stay(): void {
    this.#isToStay = true;
  }

  prepare(isClusterWorker: boolean): void {
    const label = this.#boot.role === 'app' ? 'app_worker' : 'agent_worker';
    const logger = workerLogger(this.#boot.role, this.#boot.logLevel);
    const beforeExit = async () => {
      await this.#drainWithin();
      await this.close();
    };
    const gracefully = once(() => {
      const { graceful } = requirePackage<typeof import('graceful-process')>('graceful-process');
      return addedListeners(['SIGTERM', 'disconnect'], () => graceful({ logger, label, beforeExit, sigterm: 'always', timeout: LONGEST_MS }));
    });
    afterUnref(LOAD_AFTER_MS, gracefully);
    onProcessExit(code => {
      if (!gracefully.isDone()) logger[code === 0 ? 'info' : 'error']('[%s] exit with code:%s', label, code);
    });
    onTerminate(() => this.#once(() => this.#leave(() => gracefully().get('SIGTERM')?.())));
    const leaveAsOrphan = () => {
      afterUnref(this.#boot.drainMs + this.#boot.stopMs + KILL_SLACK_MS, killSelf);
      this.#once(() => {
        if (isClusterWorker) logger.error('[%s] receive disconnect event in cluster fork mode, exitedAfterDisconnect:false', label);
        const listeners = gracefully();
        (listeners.get('disconnect') ?? listeners.get('SIGTERM'))?.();
      });
    };
    onOrphaned(() => {
      this.#masterKnows.open();
      if (this.#isLeaving || !this.isServing()) return leaveAsOrphan();
      serveOn(this.#boot.keeperPid, leaveAsOrphan);
    });
  }

  #once(leave: () => void): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    leave();
  }

  /** Ends with the last connection, with the master's word, or with our own patience when nobody above has any. */
  async #drainWithin(): Promise<void> {
    const cancel = afterUnref(this.#boot.drainMs, () => this.#patienceOver.open());
    await Promise.race([Promise.all([this.drain(), this.#masterKnows.opened]), this.#patienceOver.opened]);
    cancel();
  }

  #leave(gracefully: () => void): void {
    afterUnref(MASTERS_WORD_MS, () => {
      if (this.#isToStay) return; // Its word will come.
      if (!this.#masterKnows.isOpen) say({ act: 'leaving' });
      this.#masterKnows.open();
    });
    const decidesItself = this.#boot.framework === undefined && hasOthers('SIGTERM');
    if (decidesItself) this.#leaveTo();
    else gracefully();
  }

  /** A program with SIGTERM handlers of its own decides itself when it is done; it ends when nothing keeps it alive any more. */
  #leaveTo(): void {
    void this.drain().then(releaseChannel);
    afterUnref(this.#boot.drainMs + this.#boot.stopMs, killSelf);
  }
}

/** Until the keeper's next master serves and says so (SIGTERM), the keeper is gone too, or it takes too long. */
function serveOn(keeperPid: number | undefined, leave: () => void): void {
  const isOver = () => keeperPid === undefined || isGone(keeperPid);
  if (isOver()) return leave();
  const cancelLooking = repeatUnref(KEEPER_POLL_MS, () => {
    if (isOver()) end();
  });
  const end = () => {
    cancelLooking();
    cancelLimit();
    leave();
  };
  const cancelLimit = afterUnref(ORPHANED_MS, end);
}

function once<T>(make: () => T): (() => T) & { isDone(): boolean } {
  let made: { readonly value: T } | undefined;
  const get = () => {
    made ??= { value: make() };
    return made.value;
  };
  return Object.assign(get, { isDone: () => made !== undefined });
}

/** Something that happens once. */
class Latch {
  isOpen = false;
  #open: () => void = () => {};
  readonly opened = new Promise<void>(resolve => {
    this.#open = resolve;
  });

  open(): void {
    this.isOpen = true;
    this.#open();
  }
}
