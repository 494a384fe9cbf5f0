// What a cluster is given by whoever makes one.

import type { EventBus } from '../instance/event-bus.js';
import type { Recording } from '../instance/recording.js';
import type { Surface } from '../protocol/control.js';
import type { Clock } from '../system/clock.js';
import type { SocketStore } from '../system/held-sockets.js';
import type { ParentLine } from '../system/parent-line.js';
import type { Reread } from './reload.js';

export interface ClusterNeeds {
  readonly clock: Clock;
  readonly random: () => number;
  readonly parent: ParentLine;
  readonly events: EventBus;
  /** Begins the mark of every child. */
  readonly mark: string;
  readonly surface: () => Surface | undefined;
  /** What is still to be given back when everything has stopped: the name, the socket. */
  readonly release?: (() => Promise<void>) | undefined;
  /** What others know it by: the keeper's pid, or this process's. */
  readonly pid: number;
  /** Undefined: sockets are bound here. */
  readonly sockets?: SocketStore | undefined;
  /** What is to be run, read anew. Undefined: it stays what it was. */
  readonly reread?: (() => Promise<Reread>) | undefined;
  /** Before an agent is started. */
  readonly beforeAgent?: (() => Promise<void>) | undefined;
  /** Asks for a new master on the same sockets. Rejects with ERR_NO_KEEPER, ERR_UPGRADE_FAILED. */
  readonly upgrade: (node: string | undefined) => Promise<number>;
  /** Undefined: children write where this process does. */
  readonly recording?: Recording | undefined;
  /** Agent or parent want one. Default: a reload. */
  readonly onReloadAsked?: (() => void) | undefined;
  /** A worker was killed at a breakpoint. Default: a stop. */
  readonly onKilledByDebugger?: (() => void) | undefined;
}
