// Between a keeper and the masters it keeps, as internal messages: what users send to a parent goes through untouched.

import type { ListeningAddress } from './events.js';
import type { ListenQuery } from './listen-query.js';
import type { LossAccount } from './snapshot.js';

/** Holds the keeper's pid in a master that has one. */
export const KEEPER_VARIABLE = 'APP_CLUSTER_KEEPER_PID';

/** A process, as the system knows it. */
interface Someone {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
}

export interface OwnFiles {
  readonly pidFile?: string | undefined;
  /** In the registry. */
  readonly entry?: string | undefined;
  /** The entry's. */
  readonly socket?: string | undefined;
}

/** What a master wants its successor to know. Kept by the keeper, which understands only `files` and the times. */
export interface KeeperMemory {
  /** The name it took: a derived one may have got a number. */
  readonly name?: string | undefined;
  /** Of a port that was not asked for as such: 0, or another than the wanted one. */
  readonly port?: { readonly wanted: number; readonly got: number } | undefined;
  /** How many app workers there should be, if somebody has changed it. */
  readonly workers?: number | undefined;
  readonly agent?: Someone | undefined;
  /** App workers: they serve on when their master dies, until a successor tells them to go. */
  readonly apps?: readonly Someone[] | undefined;
  /** To be removed at the end, where nobody else has done so. */
  readonly files?: OwnFiles | undefined;
  /** What became of requests so far. */
  readonly losses?: LossAccount | undefined;
  /** How long a stop may take. */
  readonly stopMs?: number | undefined;
  /** How long a successor may take to be ready. */
  readonly upgradeMs?: number | undefined;
}

/** A connection that nobody of the old master's can take: with a handle. */
export interface Given {
  readonly act: 'give';
  readonly address: ListeningAddress;
  /** Nothing was ever said on it. */
  readonly isNew: boolean;
}

/** Where a socket is bound that was passed on to us. */
export interface PassedPlace {
  readonly name: string | undefined;
  /** Undefined: it is a path. */
  readonly port: number | undefined;
  readonly path: string | undefined;
}

/** How the last master ended. */
export interface Predecessor {
  readonly pid: number;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface Birth {
  /** Another master serves, and leaves when this one is ready. */
  readonly isUpgrade: boolean;
  readonly predecessor?: Predecessor | undefined;
  readonly memory: KeeperMemory;
  /** Sockets that systemd has bound. */
  readonly passed: readonly PassedPlace[];
  readonly hasParent: boolean;
}

/**
 * - `socket` comes with a handle, once for each that is held, before `birth`.
 * - `held` answers `hold`, with a handle unless it failed.
 * - `upgrading`, `upgrade-failed`, `succeed`: another master is being started; nothing came of it; it serves: drain and leave.
 * - `upgrade-refused`: question `n` cannot be granted just now; undefined: it was a signal.
 * - `alone`: the master that was to be succeeded has died.
 * - `yield-agent`: the successor is about to start its agent, and there are never two.
 * - `give` comes with a connection of the predecessor's.
 */
export type KeeperWord =
  | { readonly act: 'socket'; readonly key: string; readonly query: ListenQuery; readonly data: unknown }
  | ({ readonly act: 'birth' } & Birth)
  | { readonly act: 'held'; readonly n: number; readonly key: string; readonly errno: number; readonly data: unknown }
  | { readonly act: 'released'; readonly key: string }
  | { readonly act: 'signal'; readonly name: NodeJS.Signals }
  | { readonly act: 'upgrading'; readonly pid: number }
  | { readonly act: 'upgrade-failed'; readonly reason: string }
  | { readonly act: 'upgrade-refused'; readonly n: number | undefined; readonly reason: string }
  | { readonly act: 'succeed'; readonly pid: number }
  | { readonly act: 'yield-agent' | 'agent-yielded' | 'alone' }
  | { readonly act: 'inherit'; readonly losses: LossAccount }
  | Given;

/**
 * - `hello`: it listens to us now.
 * - `stopping`: it ends because it was told to; its exit is the keeper's.
 * - `failed`: why it will end.
 * - `bequeath`: what became of its workers' requests, to be added up by its successor (`inherit`).
 */
export type KeptWord =
  | { readonly act: 'hello' | 'ready' | 'stopping' | 'yield-agent' | 'agent-yielded' }
  | { readonly act: 'failed'; readonly reason: string }
  | { readonly act: 'hold'; readonly n: number; readonly query: ListenQuery; readonly data: unknown }
  | { readonly act: 'release'; readonly key: string }
  | { readonly act: 'remember'; readonly memory: KeeperMemory }
  | { readonly act: 'bequeath'; readonly losses: LossAccount }
  | { readonly act: 'upgrade'; readonly n: number; readonly node?: string | undefined }
  | Given;
