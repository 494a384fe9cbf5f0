// What a keeper is given by its main.

import type { KeeperMemory } from '../protocol/keeper-words.js';
import type { Clock } from '../system/clock.js';
import type { MasterListener, MasterProcess } from '../system/master-process.js';
import type { PassedSocket } from '../system/systemd-sockets.js';

export interface KeeperNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly start: (node: string | undefined, listener: MasterListener) => MasterProcess;
  /** Sockets that systemd has bound. */
  readonly passed: readonly PassedSocket[];
  readonly hasParent: () => boolean;
  readonly tellParent: (message: object) => void;
  /** The last act. */
  readonly leave: (code: number, memory: KeeperMemory) => void;
}
