// Words between a master and its logger process.

import type { Stream } from './log-line.js';

export interface LogSettings {
  readonly folder: string;
  /** A file that is larger is put aside. */
  readonly maxBytes: number;
  /** One that is older, too. */
  readonly maxAgeMs?: number | undefined;
  /** So many files are kept besides the current one. */
  readonly keep: number;
  /** All of them together may be this large. */
  readonly totalBytes: number;
  /** Keep at most so many records, whatever their size. */
  readonly records?: number | undefined;
  readonly isJson: boolean;
  /** Also write everything through to this process's own stdout and stderr. */
  readonly passThrough: boolean;
  /** Each line with the name of who wrote it. */
  readonly isLabelled?: boolean | undefined;
}

/**
 * - `source` comes with the reading end of a child's stdout or stderr.
 * - `rename`: that source has another name from now on.
 * - `line` is the master's own, numbered, so that none is lost when the logger dies.
 * - `end`: no more sources; leave when the open ones have ended.
 */
export type ToLogger =
  | { readonly act: 'source'; readonly id: number; readonly source: string; readonly stream: Stream }
  | { readonly act: 'rename'; readonly id: number; readonly source: string }
  | { readonly act: 'line'; readonly n: number; readonly stream: Stream; readonly text: string; readonly source: string }
  | { readonly act: 'reopen' | 'flush'; readonly n: number }
  | { readonly act: 'end' };

export type FromLogger =
  | { readonly act: 'ready' }
  /** The source has been read to its end. */
  | { readonly act: 'ended'; readonly id: number }
  /** Lines up to this one are in the file. */
  | { readonly act: 'written'; readonly n: number }
  | { readonly act: 'dropped'; readonly lines: number }
  | { readonly act: 'done'; readonly n: number; readonly files: number };

/** How the logger gets its settings. */
export const LOGGER_VARIABLE = 'APP_CLUSTER_LOGGER';
/** Marks a logger: it is no child of the sweep at the end, it outlives its master. */
export const LOGGER_MARK_VARIABLE = 'APP_CLUSTER_LOGGER_OF';
