// What status looks like: for the handle, and later for the command line, HTTP and metrics alike.

import type { Status } from '../lifecycle/child-life.js';
import type { PublicStatus } from '../lifecycle/public-status.js';
import type { Address, Role } from './events.js';

export interface ChildSnapshot {
  readonly role: Role;
  readonly id: number;
  readonly pid: number;
  readonly slot: number;
  readonly generation: number;
  readonly status: Status;
}

export interface ClusterSnapshot {
  readonly name: string;
  readonly pid: number;
  readonly status: PublicStatus;
  readonly address: Address | undefined;
  /** How many app workers there should be. */
  readonly size: number;
  readonly agent: ChildSnapshot | undefined;
  readonly workers: readonly ChildSnapshot[];
  /** Messages that were dropped because they were malformed, forged or too many. */
  readonly droppedMessages: number;
}
