// A master as its keeper sees it: one child process, its words, its end.

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exit } from '../protocol/events.js';
import { KEEPER_VARIABLE, type KeeperWord, type KeptWord } from '../protocol/keeper-words.js';
import { CMD } from '../protocol/words.js';
import { currentDirectory, environmentWith, mainFile, nodeOptions, ownPid } from './environment.js';
import type { RawHandle } from './held-sockets.js';

/** How often to look whether the channel of a dead master has been read to its end. */
const MOST_SETTLE_TURNS = 10_000;

export interface MasterListener {
  onWord(word: KeptWord, handle: RawHandle | undefined): void;
  /** For whoever started the keeper. */
  onMessage(message: object): void;
  /** Exactly once, and after everything it had said. */
  onExit(exit: Exit): void;
}

export interface MasterProcess {
  readonly pid: number;
  /** A word that cannot be said any more is dropped. The handle stays ours to close. */
  say(word: KeeperWord, handle?: RawHandle, onSent?: () => void): void;
  relay(message: unknown): void;
  signal(name: NodeJS.Signals): void;
}

/** @param node which node runs it */
export function startMaster(argv: readonly string[], node: string | undefined, listener: MasterListener): MasterProcess {
  const env = environmentWith({ [KEEPER_VARIABLE]: String(ownPid()) });
  const master = fork(masterFile(), [...argv], {
    env,
    cwd: existsSync(currentDirectory()) ? currentDirectory() : undefined,
    execArgv: [...nodeOptions()],
    ...(node === undefined ? {} : { execPath: node }),
  });
  let hasExited = false;
  const end = (exit: Exit) => {
    if (hasExited) return;
    hasExited = true;
    settled(master, MOST_SETTLE_TURNS, () => listener.onExit(exit));
  };
  master.on('message', message => listener.onMessage(message as object));
  master.prependListener('internalMessage' as 'message', (message, handle) => {
    if ((message as { cmd?: unknown } | null)?.cmd === CMD) listener.onWord(message as unknown as KeptWord, handle as unknown as RawHandle | undefined);
  });
  master.once('exit', (code, signal) => end({ code, signal }));
  master.on('error', error => master.pid === undefined && end({ code: null, signal: null, error: error.message }));
  return {
    pid: master.pid ?? 0,
    say: (word, handle, onSent = () => {}) => send(master, { cmd: CMD, ...word }, handle, onSent),
    relay: message => send(master, message as object, undefined, () => {}),
    signal: name => void (hasExited || master.kill(name)),
  };
}

/** What it said last may still be in the channel; `connected` turns false when that has been read. */
function settled(master: ChildProcess, turnsLeft: number, then: () => void): void {
  if (master.connected && turnsLeft > 0) setImmediate(() => settled(master, turnsLeft - 1, then));
  else setImmediate(then);
}

function send(master: ChildProcess, message: object, handle: unknown, onSent: () => void): void {
  if (!master.connected) return onSent();
  try {
    master.send(message, handle as undefined, {}, () => onSent());
  } catch {
    onSent(); // Closed in this very moment, or not serialisable.
  }
}

/** Found anew each time: what the command's path leads to may have been installed anew, or be another release. */
function masterFile(): string {
  const beside = join(dirname(fileURLToPath(import.meta.url)), '..', 'master', 'main.js');
  try {
    const found = join(dirname(realpathSync(mainFile() ?? '')), '..', 'dist', 'lib', 'master', 'main.js');
    return existsSync(found) ? found : beside;
  } catch {
    return beside;
  }
}
