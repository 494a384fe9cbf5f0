// A child process as its parent sees it. Implemented over cluster (through cfork) and over child_process.

import type { Exit, ListeningAddress } from '../protocol/events.js';
import type { Stream } from '../protocol/log-line.js';
import type { OutputPipe } from './output-pipe.js';
import type { ProcessIdentity } from './process-tree.js';

/** What can come from a child. `onExit` comes exactly once, whatever order Node reports error, exit and disconnect in. */
export interface ChildListener {
  onMessage(message: unknown): void;
  /** Node-internal traffic. Returning true keeps it from Node's own handler, and takes the handle that came with it. */
  onInternal(message: Record<string, unknown>, handle?: unknown): boolean;
  onListening(address: ListeningAddress): void;
  onDisconnect(): void;
  onError(error: Error): void;
  onExit(exit: Exit): void;
  /** After `onExit`, once everything the child had written to the channel has been read. */
  onSettled(): void;
}

export interface ForkedChild {
  readonly pid: number;
  /** Node's word for what the worker does: none, online, listening, disconnected, dead. */
  readonly state: string;
  readonly isConnected: boolean;
  /** Where its inspector listens, when it was started with one. */
  readonly inspectorPort: number | undefined;
  /** Value of MARK_VARIABLE in this child and its descendants. */
  readonly mark: string;
  /** A thread of this process: `pid` is its thread's id then, and no process. */
  readonly isThread: boolean;
  /** Processes that descend from it, as of now. */
  descendants(): readonly ProcessIdentity[];
  watch(listener: ChildListener): void;
  /** False when it was not accepted: channel closed, or too much is waiting already. Never throws. */
  send(message: unknown, handle?: unknown, onSent?: (error: Error | null) => void): boolean;
  signal(name: NodeJS.Signals): void;
  /** An internal message that was kept from Node is Node's to answer after all. */
  passOn?(message: Record<string, unknown>): void;
  /** The reading ends of stdout and stderr, where they are pipes; whoever takes them has to close them. */
  readonly output?: Readonly<Partial<Record<Stream, OutputPipe>>>;
}

export interface ForkPlan {
  readonly env: Readonly<Record<string, string>>;
  /** Instead of the program's. */
  readonly args?: readonly string[] | undefined;
  readonly mark: string;
}

export interface Forker {
  fork(plan: ForkPlan): ForkedChild;
}

export interface ProgramCommand {
  /** The child's main module. */
  readonly file: string;
  readonly args: readonly string[];
  readonly execArgv: readonly string[];
  readonly cwd?: string | undefined;
  /** Its output goes into pipes, for the logger. */
  readonly isRecorded?: boolean;
  /** Undefined: as this process. */
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
  /** For all children of this program. */
  readonly env: Readonly<Record<string, string>>;
}
