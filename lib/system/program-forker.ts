// Any program as a child: found on the PATH or by its path; a JavaScript file runs under this node.

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, extname, isAbsolute, join, resolve } from 'node:path';
import { messageOf } from '../errors.js';
import type { Exit } from '../protocol/events.js';
import type { Stream } from '../protocol/log-line.js';
import { MARK_VARIABLE } from '../protocol/words.js';
import { BLOCK_OUTPUT_FILE } from './entries.js';
import { environmentWith, variable } from './environment.js';
import { type OutputPipe, takeOutput } from './output-pipe.js';
import { outputStdio } from './process-forker.js';
import { descendantsOf, type ProcessIdentity } from './process-tree.js';

export interface ProgramSpec {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly isRecorded: boolean;
  /** In a session and a process group of its own: what is sent to this process's group does not reach it. */
  readonly isDetached?: boolean;
  /** Besides this process's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly runAs?: { readonly uid: number; readonly gid: number } | undefined;
}

export interface RunningProgram {
  readonly pid: number;
  readonly output: Readonly<Partial<Record<Stream, OutputPipe>>>;
  watch(listener: { onSpawn(): void; onExit(exit: Exit): void }): void;
  descendants(): readonly ProcessIdentity[];
  signal(name: NodeJS.Signals): void;
  /** Of one that is detached: to its whole process group, also when it is gone itself. */
  signalGroup(name: NodeJS.Signals): void;
}

/** What is spawned for PROGRAM; undefined when there is no such program. */
export function findExecutable(program: string, cwd: string): string | undefined {
  const path = resolve(cwd, program);
  if (/^\.[cm]?[jt]s$/.test(extname(program)) && isFile(path)) return path;
  if (program.includes('/') || isAbsolute(program)) return isExecutable(path) ? path : undefined;
  return (variable('PATH') ?? '')
    .split(delimiter)
    .map(folder => join(folder, program))
    .find(isExecutable);
}

/** A start that fails is an end, not an exception. */
export function startProgram(spec: ProgramSpec, mark: string): RunningProgram {
  try {
    return spawned(spec, mark);
  } catch (error) {
    return neverBorn(messageOf(error));
  }
}

function neverBorn(error: string): RunningProgram {
  return {
    pid: 0,
    output: {},
    watch: ({ onExit }) => queueMicrotask(() => onExit({ code: null, signal: null, error })),
    descendants: () => [],
    signal: () => {},
    signalGroup: () => {},
  };
}

function spawned({ file, args, cwd, isRecorded, isDetached = false, environment, runAs }: ProgramSpec, mark: string): RunningProgram {
  const output = isDetached && !isRecorded ? 'ignore' : outputStdio(isRecorded);
  const isScript = /\.[cm]?[jt]s$/.test(file);
  const child = spawn(isScript ? process.execPath : file, isScript ? [...(isRecorded ? ['--require', BLOCK_OUTPUT_FILE] : []), file, ...args] : [...args], {
    cwd,
    env: environmentWith({ ...environment, [MARK_VARIABLE]: mark }),
    stdio: [isDetached ? 'ignore' : 'inherit', output, output],
    detached: isDetached,
    ...runAs,
  });
  const [out, err] = [takeOutput(child, 'stdout'), takeOutput(child, 'stderr')];
  return running(child, { ...(out && { out }), ...(err && { err }) });
}

function running(child: ChildProcess, output: RunningProgram['output']): RunningProgram {
  let hasExited = false;
  return {
    pid: child.pid ?? 0,
    output,
    watch({ onSpawn, onExit }) {
      const end = (exit: Exit) => {
        if (!hasExited) onExit(exit);
        hasExited = true;
      };
      child.once('spawn', onSpawn);
      child.once('exit', (code, signal) => end({ code, signal }));
      child.on('error', error => child.pid === undefined && end({ code: null, signal: null, error: error.message }));
    },
    descendants: () => (hasExited ? [] : descendantsOf(child.pid ?? 0)),
    signal(name) {
      if (!hasExited && child.pid !== undefined) child.kill(name);
    },
    signalGroup: name => signalGroup(child.pid, name),
  };
}

/** A group's number is not used again while it has members. */
export function signalGroup(pid: number | undefined, name: NodeJS.Signals): void {
  if (pid === undefined || pid <= 1) return;
  try {
    process.kill(-pid, name);
  } catch {} // Nobody is left in it.
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return isFile(path);
  } catch {
    return false;
  }
}
