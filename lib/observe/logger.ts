// Log lines, written by egg-logger. The only user of egg-logger, which is heavy (30 ms, 10 MiB): loaded with the first line.

import type { EggConsoleLogger, LoggerLevel, LoggerMeta } from 'egg-logger';
import { wallClockMs } from '../system/clock.js';
import { variable } from '../system/environment.js';
import { requirePackage } from '../system/require-package.js';

export type Level = 'debug' | 'info' | 'warn' | 'error';
export type Logger = Record<Level, (message: unknown, ...values: unknown[]) => void>;

const LEVELS = ['ALL', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'NONE'];

/** Level: APP_CLUSTER_LOG_LEVEL, EGG_MASTER_LOGGER_LEVEL, else INFO. */
export function masterLogger(): TimedLogger {
  return lazyLogger(() => firstLevel('APP_CLUSTER_LOG_LEVEL', 'EGG_MASTER_LOGGER_LEVEL') ?? 'INFO');
}

/** Level: EGG_APP_WORKER_LOGGER_LEVEL or EGG_AGENT_WORKER_LOGGER_LEVEL, APP_CLUSTER_LOG_LEVEL, else egg-logger's own (INFO in production, else WARN). */
export function workerLogger(role: 'agent' | 'app', level?: string): Logger {
  const own = role === 'app' ? 'EGG_APP_WORKER_LOGGER_LEVEL' : 'EGG_AGENT_WORKER_LOGGER_LEVEL';
  return lazyLogger(() => firstLevel(own, 'APP_CLUSTER_LOG_LEVEL') ?? level);
}

/** egg-logger logs nothing at all, silently, at a level it does not know. */
function firstLevel(...variables: string[]): string | undefined {
  return variables.map(name => variable(name)?.toUpperCase()).find(level => level !== undefined && LEVELS.includes(level));
}

export interface DeferredLogger extends Logger {
  /** Writes what was kept, each line with the time it was said, and from now on at once. */
  open(): void;
}

/** Keeps lines until opened: loading egg-logger costs a start as much as half a worker, and nobody misses info lines meanwhile. A warning or an error opens it. */
export function deferred(logger: TimedLogger): DeferredLogger {
  let kept: (() => void)[] | undefined = [];
  const open = () => {
    const lines = kept ?? [];
    kept = undefined;
    for (const write of lines) write();
  };
  const write =
    (level: Level) =>
    (message: unknown, ...values: unknown[]) => {
      if (kept === undefined) return logger[level](message, ...values);
      const at = wallClockMs();
      kept.push(() => logger.writeAt(at, level, [message, ...values]));
      if (level === 'error' || level === 'warn') open();
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), open };
}

interface TimedLogger extends Logger {
  writeAt(atMs: number, level: Level, args: readonly unknown[]): void;
}

function lazyLogger(levelOf: () => string | undefined): TimedLogger {
  let loaded: EggConsoleLogger | undefined;
  const logger = (): EggConsoleLogger => {
    loaded ??= load(levelOf());
    return loaded;
  };
  const write =
    (level: Level) =>
    (message: unknown, ...values: unknown[]) =>
      logger()[level](message, ...values);
  const writeAt: TimedLogger['writeAt'] = (atMs, level, args) => {
    const { formatter } = (logger().get('console') as unknown as { options: { formatter(meta: object): string } }).options;
    const meta = { formatter: (facts: object) => formatter({ ...facts, date: logDate(atMs) }) };
    logger().log(level.toUpperCase() as LoggerLevel, [...args], meta as unknown as LoggerMeta);
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), writeAt };
}

/** As egg-logger writes it: 2026-11-21 09:05:07,042, local time. */
function logDate(atMs: number): string {
  const at = new Date(atMs);
  const two = (n: number) => String(n).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())},${String(at.getMilliseconds()).padStart(3, '0')}`;
}

function load(level: string | undefined): EggConsoleLogger {
  // Not the package's main, which loads file transports that a console does not need: half the time and memory.
  const ConsoleLogger = requirePackage<new (options: { level?: LoggerLevel }) => EggConsoleLogger>('egg-logger/lib/egg/console_logger');
  return new ConsoleLogger(level === undefined ? {} : { level: level as LoggerLevel });
}
