// The only reader and writer of the environment, of argv and of other facts about this very process.

import { realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { execArgv, pid } from 'node:process';
import { DAEMON_VARIABLE } from '../protocol/words.js';
import { isWorkerThread } from './thread-line.js';

export function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

export function setVariable(name: string, value: string): void {
  process.env[name] = value;
}

/** Reads a variable and removes it, so that user code and its children do not see it. */
export function takeVariable(name: string): string | undefined {
  const value = process.env[name];
  delete process.env[name];
  return value;
}

export function environmentWith(more: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  return { ...process.env, ...more };
}

/** What came after the program's name. */
export function commandLine(): readonly string[] {
  return process.argv.slice(2);
}

export function setArgument(text: string): void {
  process.argv[2] = text;
}

export function mainFile(): string | undefined {
  return process.argv[1];
}

/** The node that runs this. */
export function nodeFile(): string {
  return process.execPath;
}

export function nodeOptions(): readonly string[] {
  return execArgv;
}

export function ownPid(): number {
  return pid;
}

export function parentPid(): number {
  return process.ppid;
}

/** False on Windows, which has no such user. */
export function runsAsRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** As it was typed: a symbolic link (`current`) stays one, so that what it leads to later can be found. */
export function currentDirectory(): string {
  directory ??= logicalDirectory();
  return directory;
}
let directory: string | undefined;

/** PWD, while it leads here (pwd(1), -L). */
function logicalDirectory(): string {
  const physical = process.cwd();
  const logical = process.env['PWD'];
  try {
    return logical !== undefined && isAbsolute(logical) && realpathSync(logical) === realpathSync(physical) ? logical : physical;
  } catch {
    return physical;
  }
}

/** Started by `start --daemon`, whose variable it is. Read once, and not handed on. */
export function isDaemon(): boolean {
  daemon ??= takeVariable(DAEMON_VARIABLE) !== undefined;
  return daemon;
}
let daemon: boolean | undefined;

/** Since this process was born. */
export function uptimeMs(): number {
  return process.uptime() * 1_000;
}

export function nodeVersion(): string {
  return process.version;
}

/** True when this Node strips types by itself (22.18, 23.6 and later). */
export function runsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

/** `reusePort` of `listen`: Node 22.12 and 23.1, on systems whose kernel spreads connections. */
export function hasReusePort(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const hasOption = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  return hasOption && ['linux', 'freebsd', 'sunos', 'aix'].includes(process.platform);
}

export function isUnderInspector(): boolean {
  return execArgv.some(option => /--(inspect|debug)/.test(option));
}

export function inspectorPort(): number {
  return process.debugPort;
}

/** Ends this process, as the last act of a main or of the public start door. */
export function exitProcess(code: number): never {
  process.exit(code);
}

/** The last resort of a worker that cannot be told any more. */
export function killSelf(): void {
  if (isWorkerThread) process.exit(1); // Ends this thread alone.
  process.kill(process.pid, 'SIGKILL');
}

export function setExitCode(code: number): void {
  process.exitCode = code;
}

export function onProcessExit(listener: (code: number) => void): () => void {
  process.on('exit', listener);
  return () => process.off('exit', listener);
}

/** Unlike any other process's on this machine, now and before. */
export function uniqueName(): string {
  return `${process.pid}-${Date.now().toString(36)}`;
}
