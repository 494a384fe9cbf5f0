// One master follows another: this one asks for a successor, waits for what becomes of it, and leaves; or it goes on.

import { ClusterError } from '../errors.js';
import type { Emit } from '../protocol/events.js';
import type { KeeperWord } from '../protocol/keeper-words.js';
import type { RawHandle } from '../system/held-sockets.js';
import type { KeeperLine } from '../system/keeper-line.js';
import type { GivenConnection } from './hand-over.js';
import type { Workforce } from './workforce.js';

export interface SuccessionNeeds {
  readonly line: KeeperLine;
  readonly emit: Emit;
  readonly workforce: () => Workforce | undefined;
  /** A successor serves. */
  readonly leave: () => void;
}

interface Asker {
  resolve(masterPid: number): void;
  reject(error: Error): void;
}

export class Succession {
  readonly #needs: SuccessionNeeds;
  readonly #askers = new Map<number, Asker>();
  #asked = 0;
  /** Calls back when the predecessor has died. */
  onAlone: () => void = () => {};
  #tellYielded: () => void = () => {};
  /** Resolves when the predecessor has no agent (any more). */
  readonly agentYielded: Promise<void>;
  #hasYielded = false;

  constructor(needs: SuccessionNeeds) {
    this.#needs = needs;
    this.agentYielded = new Promise(resolve => {
      this.#tellYielded = resolve;
    });
  }

  /** Resolves with its pid when a new master serves; rejects with ERR_UPGRADE_FAILED when none does, and this one goes on. */
  ask(node: string | undefined): Promise<number> {
    return new Promise((resolve, reject) => {
      const n = ++this.#asked;
      this.#askers.set(n, { resolve, reject });
      this.#needs.line.say({ act: 'upgrade', n, node });
    });
  }

  hear(word: KeeperWord, handle: RawHandle | undefined): void {
    const { emit, workforce, leave, line } = this.#needs;
    if (word.act === 'upgrading') emit({ type: 'upgrade-started', pid: word.pid });
    if (word.act === 'upgrade-failed') this.#onFailed(word.reason);
    if (word.act === 'upgrade-refused') this.#refuse(word.reason, word.n);
    if (word.act === 'alone') this.#onAlone();
    if (word.act === 'agent-yielded') this.#tellYielded();
    if (word.act === 'inherit') workforce()?.losses.inherit(word.losses);
    if (word.act === 'yield-agent') void this.#yieldAgent().then(() => line.say({ act: 'agent-yielded' }));
    if (word.act === 'give' && handle !== undefined) take(workforce(), { ...word, handle });
    if (word.act === 'succeed') {
      emit({ type: 'cluster-succeeded', pid: word.pid });
      this.#passOn(workforce());
      for (const { resolve } of this.#askers.values()) resolve(word.pid);
      leave();
    }
  }

  /** What no worker here can take any more goes to the successor's. */
  #passOn(workforce: Workforce | undefined): void {
    if (workforce === undefined) return;
    workforce.handOver.onHomeless = ({ address, isNew, handle }) => {
      this.#needs.line.say({ act: 'give', address, isNew }, handle, () => handle.close());
    };
  }

  /** There are never two agents of one cluster. */
  async #yieldAgent(): Promise<void> {
    this.#hasYielded = true;
    await this.#needs.workforce()?.agents?.group.empty();
  }

  #onFailed(reason: string): void {
    const message = `The upgrade was called off, the old master and its workers serve on: ${reason}.`;
    this.#needs.emit({ type: 'upgrade-failed', message });
    if (this.#hasYielded)
      void this.#needs
        .workforce()
        ?.agents?.group.refill()
        .catch(() => {}); // It goes on trying.
    this.#hasYielded = false;
    for (const { reject } of this.#askers.values()) reject(new ClusterError('ERR_UPGRADE_FAILED', message));
    this.#askers.clear();
  }

  /** One that is under way goes on. */
  #refuse(reason: string, n: number | undefined): void {
    const message = `No upgrade now: ${reason}.`;
    this.#needs.emit({ type: 'upgrade-failed', message });
    this.#askers.get(n ?? 0)?.reject(new ClusterError('ERR_UPGRADE_FAILED', message));
    this.#askers.delete(n ?? 0);
  }

  #onAlone(): void {
    this.#tellYielded();
    this.onAlone();
  }
}

function take(workforce: Workforce | undefined, given: GivenConnection): void {
  if (workforce === undefined) given.handle.close();
  else workforce.handOver.take(given);
}
