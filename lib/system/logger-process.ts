// Starts the logger's process.

import { type ChildProcess, fork } from 'node:child_process';
import { type FromLogger, LOGGER_MARK_VARIABLE, LOGGER_VARIABLE, type LogSettings, type ToLogger } from '../protocol/logger-words.js';
import { MARK_VARIABLE } from '../protocol/words.js';
import { LOGGER_FILE } from './entries.js';
import { environmentWith } from './environment.js';

export interface LoggerProcess {
  readonly pid: number;
  /** False when it could not be said. */
  say(word: ToLogger, handle?: unknown): boolean;
  /** Does not keep this process alive. */
  unref(): void;
  kill(): void;
}

export interface LoggerListener {
  onWord(word: FromLogger): void;
  /** Exactly once, also when it could not be started. */
  onExit(): void;
}

/** @param mark of the instance it belongs to: how it is found when both are left behind */
export function startLogger(settings: LogSettings, mark: string, listener: LoggerListener): LoggerProcess {
  try {
    return forkLogger(settings, mark, listener);
  } catch {
    queueMicrotask(() => listener.onExit()); // No process, no descriptor to be had: a logger that died, not an exception in a master.
    return { pid: 0, say: () => false, unref: () => {}, kill: () => {} };
  }
}

function forkLogger(settings: LogSettings, mark: string, listener: LoggerListener): LoggerProcess {
  const { [MARK_VARIABLE]: _, NODE_OPTIONS: __, ...inherited } = environmentWith({});
  const forked = fork(LOGGER_FILE, [], {
    env: { ...inherited, [LOGGER_VARIABLE]: JSON.stringify(settings), [LOGGER_MARK_VARIABLE]: mark },
    execArgv: [],
    stdio: settings.passThrough ? ['ignore', 'inherit', 'inherit', 'ipc'] : ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let hasExited = false;
  const onExit = () => {
    if (!hasExited) listener.onExit();
    hasExited = true;
  };
  forked.on('message', word => listener.onWord(word as FromLogger));
  forked.once('exit', onExit);
  forked.on('error', () => forked.pid === undefined && onExit());
  return {
    pid: forked.pid ?? 0,
    say: (word, handle) => say(forked, word, handle),
    unref: () => {
      forked.unref();
      forked.channel?.unref();
    },
    kill: () => void forked.kill('SIGKILL'),
  };
}

function say(forked: ChildProcess, word: ToLogger, handle: unknown): boolean {
  if (!forked.connected) return false;
  try {
    forked.send(word, handle as undefined, {}, () => {});
    return true;
  } catch {
    return false;
  }
}
